"""Depth of many images: folders and videos, in one process or over Ray."""
