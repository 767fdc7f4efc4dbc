"""The sections of a report, one file each: from a result to what the templates show."""
