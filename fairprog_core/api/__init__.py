"""What is called from Python: ``fp.run``."""
