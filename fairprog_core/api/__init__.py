"""The Python API: ``fp.run``, ``fp.audit``, ``fp.reprogram``."""
