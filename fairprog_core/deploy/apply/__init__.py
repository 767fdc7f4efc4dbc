"""Predictions of a classifier with a trigger for new rows: a folder of pictures, or a table."""
