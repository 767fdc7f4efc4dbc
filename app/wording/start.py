"""Sentences of the page Start."""

TITLE = "Close the gap without touching the weights"
