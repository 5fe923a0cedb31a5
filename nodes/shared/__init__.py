"""What several nodes share: the host, socket types, saving, routes."""
