"""Explanations of text classifiers: Integrated Gradients on word vectors."""
