"""The figures that pages and reports show: by condition, along λ, over pictures; how they are written."""
