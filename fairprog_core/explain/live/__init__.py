"""Explanations on demand, from a warm process of their own."""
