"""Runs that come in and go out: a run as one file, and the result that a RUN argument names."""
