"""``fairprog runs``: the run table on the command line."""
