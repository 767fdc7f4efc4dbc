"""The Python API: ``fp.run``, ``fp.audit``."""
