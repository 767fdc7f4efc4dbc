"""Turns results into the data of widgets."""
