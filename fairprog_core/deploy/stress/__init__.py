"""What happens to inputs outside of the lab, and what is left of a trigger's effect then."""
