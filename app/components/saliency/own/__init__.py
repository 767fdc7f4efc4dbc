"""Inputs of the visitor: a picture or a sentence, explained on this server."""
