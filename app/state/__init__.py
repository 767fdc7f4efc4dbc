"""What the page server knows: session and URL, runs, files, questions under way."""
