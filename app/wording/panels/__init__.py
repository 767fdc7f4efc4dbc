"""Sentences of the panels of the page Trade-off."""
