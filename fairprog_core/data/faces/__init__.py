"""Faces that are drawn, with dials for their bias."""
