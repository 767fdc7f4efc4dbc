"""The report of a run: one HTML file that opens offline, and the sentences about its figures. Torch-free."""
