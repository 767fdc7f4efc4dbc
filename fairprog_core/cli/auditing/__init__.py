"""Commands that measure predictions: `audit` and `check`."""
