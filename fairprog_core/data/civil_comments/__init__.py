"""Civil Comments, from the file that WILDS distributes."""
