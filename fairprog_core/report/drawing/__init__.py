"""Where the marks of a report's charts lie: pixels of an SVG, which a template draws."""
