"""Every sentence longer than a label, by page."""
