"""Nodes that give a depth map: models, files, scenes, images of depth."""
