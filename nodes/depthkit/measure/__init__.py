"""How good a map is, and how well two of them agree."""
