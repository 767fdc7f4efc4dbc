"""A trigger with what was measured of it, for others: a model card, a folder, the Hugging Face hub."""
