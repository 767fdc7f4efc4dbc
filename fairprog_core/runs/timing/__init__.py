"""Time in the run table: heartbeats, clocks that jump, and how long to wait for a database."""
