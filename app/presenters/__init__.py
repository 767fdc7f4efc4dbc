"""Results turned into what a widget shows."""
