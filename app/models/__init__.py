"""The plain values that charts, widgets and wording share."""
