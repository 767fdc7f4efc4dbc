"""``fp.audit``: measure any classifier's predictions, as a study measures its own. Torch-free."""
