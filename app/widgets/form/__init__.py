"""Forms drawn from options classes."""
