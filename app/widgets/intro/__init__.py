"""The demo of the page Start: its script, in several files, and its style."""
