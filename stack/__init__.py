"""The local system behind `make run`, `up`, `night` and `down`. Nothing here is needed in production. See README.md."""

from stack.errors import StackError

__all__ = ["StackError"]
