"""Suites of ``fairprog bench`` whose figures are ratios: fairprog against a reference, in one run, in turns."""
