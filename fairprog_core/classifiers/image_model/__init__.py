"""Classifiers of pictures from elsewhere: read from folders, libraries, files or functions, and used as they are."""
