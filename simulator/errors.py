"""Errors of the simulator."""

from __future__ import annotations


class SimulatorError(Exception):
    """Base of all errors raised by this room."""


class SettingsError(SimulatorError):
    """A setting is impossible; the message names it and says what to write instead."""


class OutputError(SimulatorError):
    """The output folder cannot be used."""
