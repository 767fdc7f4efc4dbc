"""Several studies at once: each is led by a process of its own, and all fill the places of this machine together."""
