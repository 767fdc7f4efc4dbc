"""Parts of the page Probe."""
