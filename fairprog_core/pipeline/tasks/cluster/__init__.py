"""Tasks on the nodes of a Ray cluster: files travel with the tasks, so that no folder has to be shared."""
