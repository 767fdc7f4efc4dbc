"""The results of a study: files in its folder, reading and writing them, comparisons and summaries. Torch-free."""
