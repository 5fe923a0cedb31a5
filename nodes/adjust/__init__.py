"""Nodes that look at a depth map, change it, or show it another way."""
