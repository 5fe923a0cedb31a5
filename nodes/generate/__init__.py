"""Nodes that paint an image from depth, and measure what came back."""
