"""Fixtures of the gate's tests."""

from __future__ import annotations

import pytest

from tests.integration.expectations.planting import Land, landed


@pytest.fixture
def land(database: str) -> Land:
    """Land rows into a fresh warehouse; see planting.landed."""
    return landed
