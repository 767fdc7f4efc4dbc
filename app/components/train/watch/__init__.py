"""Parts of the page Train that show a run: its stages, the trigger while it learns, its charts, and its end."""
