"""What was measured of triggers after their inputs were changed: ``stress.json`` of a run. Torch-free."""
