"""What the page Data consists of."""
