"""What the lesson shows: the figures of a shipped study and some of its test rows, and the plan of a link."""
