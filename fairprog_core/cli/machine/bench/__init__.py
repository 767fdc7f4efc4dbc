"""``fairprog bench``: measures the speed of this machine."""
