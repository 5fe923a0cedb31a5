"""Whole folders and videos, in one process or over Ray."""
