"""Commands about this machine: ``worker``, ``doctor``, ``bench``."""
