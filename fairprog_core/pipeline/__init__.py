"""Runs a study: data, frozen base, curves, transfer, explanations."""
