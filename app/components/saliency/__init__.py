"""Parts of the page Saliency."""
