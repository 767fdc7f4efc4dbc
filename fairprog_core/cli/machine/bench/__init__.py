"""How fast this machine is: ``fairprog bench``."""
