"""Training: loop, budget, criteria, discriminator, fairness losses, checkpoints."""
