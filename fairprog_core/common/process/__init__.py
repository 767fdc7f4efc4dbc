"""The process: settings of its heap, and the version of its code."""
