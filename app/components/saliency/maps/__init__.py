"""Pictures with their maps: of single test rows, and the means of groups."""
