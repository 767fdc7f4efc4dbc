"""Everything that plays the training game: loop, budget, criteria, discriminator, penalties."""
