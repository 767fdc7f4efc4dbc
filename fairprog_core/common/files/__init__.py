"""Files on disk: checkpoints, learned weights, file stamps, and conversion from and to JSON."""
