"""Seeds whose columns changed: dbt empties a seed's table and fills it again, and fails where a column came or went."""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

log = logging.getLogger(__name__)

SCHEMA = "intermediate"


def drop_outgrown_seeds(connection: psycopg.Connection[Any], project: Path) -> list[str]:
    """Drop the tables of seeds that have other columns than their files; dbt makes them anew in the run that follows.

    Views that read them go too: they are made again with the seeds (an upgrade changes the rules of their layer).
    """
    dropped = []
    for path in sorted((project / "seeds").rglob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            header = [name.strip().lower() for name in next(csv.reader(handle), [])]
        rows = connection.execute(
            "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
            (f'{SCHEMA}."{path.stem}"',),
        ).fetchall()
        if rows and {str(row[0]).lower() for row in rows} != set(header):
            connection.execute(sql.SQL("drop table {} cascade").format(sql.Identifier(SCHEMA, path.stem)))
            dropped.append(path.stem)
    if dropped:
        log.info("seeds with other columns than before are made anew: %s", ", ".join(dropped))
    return dropped
