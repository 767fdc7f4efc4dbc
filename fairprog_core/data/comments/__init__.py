"""Comments that are made up, with a dial for their bias."""
