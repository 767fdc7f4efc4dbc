"""The suites, one file each: what its rows are and how they are measured."""
