"""Leakage: what new attackers can still predict about Z, in bits."""
