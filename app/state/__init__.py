"""The state of the page server: session and URL, runs, files of results, answers of the command line."""
