"""Civil Comments, from the file of WILDS."""
