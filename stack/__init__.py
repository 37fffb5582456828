"""The local system behind `make run`, `up`, `night` and `down`. Nothing here is needed in production."""
