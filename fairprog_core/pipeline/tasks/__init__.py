"""The tasks of a study: curves, other bases, transfers, explanations; computed in turn, or several at once."""
