"""What is computed: the base of a study, its curves, their transfers to other bases."""
