"""What a map looks like: in space, from another eye, in layers, as an image."""
