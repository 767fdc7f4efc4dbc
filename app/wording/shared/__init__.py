"""Sentences and number formats that several pages share."""
