"""Does a night need another look at identities? For whoever is woken by the clock instead of by new data."""

from __future__ import annotations

import datetime as dt

from warehouse.connection import connect


def needs_resolving(export_date: dt.date | str) -> bool:
    """True unless an identity run of this night (or a later one) was accepted that began after the last promotion."""
    with connect(name="journeyline needs_resolving") as connection:
        row = connection.execute(
            """
            with promoted as (select max(closed_at) as moment from ops.batch_ledger where status = 'promoted')
            select not exists (
                select 1 from identity.runs as r, promoted as p
                where r.status = 'accepted' and r.export_date >= %s::date
                  and r.started_at >= coalesce(p.moment, r.started_at)
            )
            """,
            (str(export_date),),
        ).fetchone()
    return bool(row and row[0])
