"""The only door to Postgres: server, connections, migrations, loading, publishing. See README.md beside this file."""

from warehouse.connection import connect, read_arrow, sqlalchemy_url, warehouse_url
from warehouse.migrations import migrate
from warehouse.server import ensure_database
from warehouse.settings import Settings, settings

__all__ = [
    "Settings",
    "connect",
    "ensure_database",
    "migrate",
    "read_arrow",
    "settings",
    "sqlalchemy_url",
    "warehouse_url",
]
