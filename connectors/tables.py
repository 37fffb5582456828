"""The tables of every contract, whether or not anything has come yet."""

from __future__ import annotations

from connectors.contracts import load_contract, platforms, spec_of


def prepare_tables() -> int:
    """Create landing, raw and history tables that contracts describe and the warehouse lacks; returns how many.

    Staging models read every contract's table, so a platform that has not delivered yet needs an empty one. Tables that
    exist are left alone here; a contract's new columns come with the next landing.
    """
    import warehouse

    with warehouse.connect() as connection:
        rows = connection.execute("select tablename from pg_catalog.pg_tables where schemaname = 'raw'").fetchall()
    present = {row[0] for row in rows}
    made = 0
    for platform in platforms():
        for export in load_contract(platform).objects.values():
            if f"{platform}__{export.name}" not in present:
                warehouse.ensure_tables(spec_of(platform, export))
                made += 1
    return made
