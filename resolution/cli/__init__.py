"""Command lines of the room; `resolution/__main__.py` puts them together."""
