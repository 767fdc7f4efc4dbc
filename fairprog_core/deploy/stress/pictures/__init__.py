"""Changes of pictures after a trigger was put on: compression, resizing, cropping, printing."""
