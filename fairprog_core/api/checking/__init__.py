"""Bounds on gap and accuracy: whether a run or a file of predictions keeps them."""
