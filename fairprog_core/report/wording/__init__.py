"""Sentences that follow from figures, for pages and reports alike."""
