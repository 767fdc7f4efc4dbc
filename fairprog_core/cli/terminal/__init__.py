"""Shared by the commands: options, and the format of figures and times."""
