"""Plain values that charts, widgets and wording share."""
