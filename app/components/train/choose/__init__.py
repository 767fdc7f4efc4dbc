"""Parts of the page Train that choose a study."""
