"""A classifier with its trigger as one ONNX or torch.export file, which runs without fairprog."""
