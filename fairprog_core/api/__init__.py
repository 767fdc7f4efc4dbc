"""The Python API: ``fp.run`` and ``fp.reprogram``."""
