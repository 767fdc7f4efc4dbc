"""Triggers learned from a classifier's answers alone; one row sent is one query."""
