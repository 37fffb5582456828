"""A warehouse with `int_*` tables, and shorthand for nights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.resolution.resolution_world import Brand, create_tables


@pytest.fixture
def brand(database: str) -> Iterator[Brand]:
    made = Brand()
    with made.connect() as connection:
        create_tables(connection)
    yield made
