"""Pulls of one platform from its vendor's local server into a throw-away warehouse."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

import warehouse
from connectors.apis import ApiPlace
from connectors.contracts import ExportObject, table_spec
from connectors.landing import land
from tests.vendors.kit import VendorServer

NIGHT = dt.date(2026, 1, 1)


class _Chosen(ApiPlace):
    """Some objects only, so that a test does not wait for what it does not look at."""

    objects: tuple[str, ...] = ()

    def serves(self, platform: str, export: ExportObject) -> bool:
        return (not self.objects or export.name in self.objects) and super().serves(platform, export)


class Pulls:
    """fields: the Airflow connection's, beside the host. The audit gate has tests of its own and is left out here."""

    def __init__(self, platform: str, server: VendorServer, patch: pytest.MonkeyPatch, **fields: Any) -> None:
        self.platform, self.server, self.patch = platform, server, patch
        self.connect(**fields)

    def connect(self, **fields: Any) -> None:
        connection = {"conn_type": "http", "host": self.server.url, **fields}
        self.patch.setenv("AIRFLOW_CONN_VENDOR_API", json.dumps(connection))

    def pull(self, *objects: str, night: dt.date = NIGHT) -> dict[str, warehouse.Batch]:
        """One night of these objects (none: all): object → its batch in the ledger, promoted where it landed."""
        place = _Chosen("vendor_api", clock=self.server.clock)
        place.objects = objects
        try:
            batches = land(self.platform, night, place)
        finally:
            place.close()
        for batch in batches:
            if batch.status == "landed":
                warehouse.promote(batch.batch_id, table_spec(self.platform, batch.object), unaudited=True)
        return {batch.object: warehouse.read_batch(batch.batch_id) for batch in batches}

    def rows(self, object_: str, *columns: str) -> list[tuple[Any, ...]]:
        """Columns of the living rows in raw, sorted."""
        chosen = ", ".join(columns)
        with warehouse.connect() as connection:
            return sorted(
                connection.execute(
                    f"select {chosen} from raw.{self.platform}__{object_} where not _is_deleted"
                ).fetchall()
            )

    def written(self, home: Path) -> bytes:
        """Everything that was staged, landed or noted in the ledger, to look for secrets."""
        files = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
        with warehouse.connect() as connection:
            notes = connection.execute("select coalesce(reason, '') from ops.batch_ledger").fetchall()
            kept = connection.execute("select state::text from ops.cursors").fetchall()
        return files + "\n".join(text for (text,) in [*notes, *kept]).encode()


def die_after(patch: pytest.MonkeyPatch, pages: int) -> None:
    """The process dies while it writes the page after so many: half a line is on disk, unknown to the state."""
    from connectors.apis.staging import Staging

    whole, written = Staging.append, []

    def append(self: Staging, line: bytes, state: Any) -> None:
        if len(written) == pages:
            known = dict(state.files)
            whole(self, line[: len(line) // 2], state)
            state.files = known
            raise KeyboardInterrupt
        written.append(line)
        whole(self, line, state)

    patch.setattr(Staging, "append", append)
