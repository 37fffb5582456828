from __future__ import annotations

import pytest

from tests.integration.connectors.orders_night import shop


@pytest.fixture
def exports(database, tmp_path):
    """(folder of exports, its orders file); the warehouse is empty."""
    root = tmp_path / "exports"
    return root, shop.make_exports(root)
