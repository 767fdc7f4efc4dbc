"""Options of data sets that do not stand in the registry's own file, and what all of them share. Torch-free."""
