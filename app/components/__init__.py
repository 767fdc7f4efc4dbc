"""Parts of pages: one folder per page, and what several pages share."""
