"""The commands that run a trigger outside of the lab."""
