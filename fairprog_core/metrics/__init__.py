"""What is said about predictions: counts, metrics, intervals, fronts, comparisons. Torch-free.

From ``counts`` (a table of rows) follow ``metrics``, from resampled tables ``intervals``; all else is built on them.
"""
