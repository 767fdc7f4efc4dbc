"""What explanations of a curve leave in its results: averages along λ, the probe, the note about the gallery."""
