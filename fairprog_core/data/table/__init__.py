"""A table of the user's own: texts, or names of pictures, with labels and groups."""
