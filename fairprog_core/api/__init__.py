"""The Python API: ``fp.run``."""
