"""CelebA, from a local folder."""
