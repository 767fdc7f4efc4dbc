"""Explanations of image classifiers: Grad-CAM, Integrated Gradients, erased regions."""
