"""What there is: every platform and object, where its exports lie here, and what became of its last batch."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from connectors.catalogue import active_platforms
from connectors.contracts import load_contract, platforms
from connectors.sources import source_of

# The newest batch of each object, and the newest that was read (a repeated or missing one has no figures of its own).
_LAST = """
with newest as (
    select distinct on (platform, object) platform, object, batch_id, export_date, status
    from ops.batch_ledger order by platform, object, batch_id desc),
figures as (
    select distinct on (platform, object) platform, object, rows_read, rows_rejected
    from ops.batch_ledger where status in ('landed', 'audited', 'promoted', 'rejected')
    order by platform, object, batch_id desc)
select platform, object, export_date, status, rows_read, rows_rejected
from newest left join figures using (platform, object)
"""


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """One object. batch_*: of its newest batch, None without one; rows and rejected: of the newest that was read."""

    platform: str
    title: str
    object: str
    place: str
    formats: tuple[str, ...]
    batch_date: dt.date | None = None
    batch_status: str | None = None
    rows: int | None = None
    rejected: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        date = self.batch_date.isoformat() if self.batch_date else None
        return {
            "platform": self.platform, "title": self.title, "object": self.object, "place": self.place,
            "formats": list(self.formats), "batch_date": date, "batch_status": self.batch_status,
            "rows": self.rows, "rejected": self.rejected,
        }  # fmt: skip


def inventory(platform: str | None = None) -> tuple[list[ObjectEntry], str | None]:
    """Every object of a platform (or of all), and why there is nothing about batches, if that is so.

    Never starts a warehouse. Raises ContractError, SourcesError.
    """
    batches, reason = _last_batches()
    active = set(active_platforms())
    entries = []
    for name in [platform] if platform else platforms():
        contract = load_contract(name)
        place = source_of(name).where if name in active else "not used here"
        for export in contract.objects.values():
            formats = tuple(dict.fromkeys(form.format for form in export.files))
            last = batches.get((name, export.name), (None, None, None, None))
            entries.append(ObjectEntry(name, contract.title, export.name, place, formats, *last))
    return entries, reason


def _last_batches() -> tuple[dict[tuple[str, str], tuple[Any, ...]], str | None]:
    """(platform, object) → date, status, rows, rejected rows; or the reason why nobody knows."""
    import psycopg

    import warehouse
    from warehouse import server

    if not warehouse.settings().warehouse_url and not server.is_running():
        return {}, "The warehouse does not run, so nothing is known of batches (start it: python -m warehouse start)."
    try:
        with warehouse.connect() as connection:
            if connection.execute("select to_regclass('ops.batch_ledger')").fetchone() == (None,):
                return {}, "The warehouse has no tables yet (python -m warehouse migrate)."
            return {(row[0], row[1]): tuple(row[2:]) for row in connection.execute(_LAST)}, None
    except psycopg.OperationalError:
        return {}, "The warehouse does not answer, so nothing is known of batches."
