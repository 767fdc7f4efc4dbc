"""A user's own model as a classifier: lent to fairprog, never changed."""
