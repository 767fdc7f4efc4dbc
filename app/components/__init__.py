"""Components: ``show(value, *, key) -> value``."""
