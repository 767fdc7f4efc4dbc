"""Fairness reprogramming: how a trigger is learned, by gradient or by search."""
