"""The pure library behind the nodes: torch, numpy and Pillow; never ComfyUI."""
