"""Files on disk: checkpoints, what was learned, stamps, and values on their way from and into JSON."""
