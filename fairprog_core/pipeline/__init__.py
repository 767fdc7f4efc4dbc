"""From a study to its results: data, frozen base, curves, transfer, explanations."""
