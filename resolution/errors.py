"""Errors of the resolution room. Messages say what happened, where, and what to do; they never hold personal data."""


class ResolutionError(Exception):
    """Base of all errors that this room raises on purpose."""


class ConfigError(ResolutionError):
    """A matching configuration is wrong: the message names the file, the key and what to write instead."""


class InputError(ResolutionError):
    """The records cannot be linked as they are: a missing column, a repeated record id, an unreadable file."""


class ModelError(ResolutionError):
    """A stored match model does not fit the configuration or the version of this code."""
