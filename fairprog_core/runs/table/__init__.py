"""The run table: its rows, their types, the database and its migrations."""
