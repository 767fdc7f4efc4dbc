"""What a study leaves in its folder, and what is read from it. Torch-free."""
