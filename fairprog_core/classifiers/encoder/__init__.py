"""Text classifiers: pretrained encoders in Hugging Face's folder format, and the small one that is shipped."""
