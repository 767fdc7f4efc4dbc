"""Black boxes: classifiers elsewhere that answer with probabilities, and nothing else."""
