"""Pictures in the user's files: where they lie, what they hold, and their pixels."""
