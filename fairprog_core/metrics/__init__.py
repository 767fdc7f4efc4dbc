"""Evaluation of predictions: counts, fairness metrics, intervals, Pareto fronts, comparisons. Torch-free.

``fairness`` computes metrics from tables of ``counts``, ``intervals`` from resampled tables; the rest builds on them.
"""
