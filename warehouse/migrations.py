"""Numbered SQL files, each applied once, in order, in its own transaction, under a lock.

The ledger `public.journeyline_migrations` keeps a checksum of each file: an applied file must never change.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from warehouse.connection import connect
from warehouse.errors import MigrationError

log = logging.getLogger(__name__)

FOLDER = Path(__file__).with_name("migrations")
LOCK_KEY = 7_460_001  # any number that nothing else in the database uses
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, name, text and the md5 of its text."""

    number: int
    name: str
    text: str
    checksum: str


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """All migrations in order. Raises MigrationError for a badly named file or a double number.

    Gaps are allowed: two branches may each have taken a number, and the lower one may come later.
    """
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path}: name a migration NNNN_words_in_lower_case.sql")
        text = path.read_text(encoding="utf-8")
        checksum = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        found.append(Migration(int(match[1]), path.name, text, checksum))
    for earlier, later in pairwise(found):
        if later.number == earlier.number:
            raise MigrationError(f"{folder}: {earlier.name} and {later.name} have the same number: give one the next")
    return found


def migrate(folder: Path = FOLDER) -> list[str]:
    """Bring the warehouse to the newest schema; returns the names applied now (empty: it was up to date)."""
    migrations = read_migrations(folder)
    applied: list[str] = []
    with connect(autocommit=True, name="journeyline migrate") as connection:
        connection.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))
        connection.execute(
            "create table if not exists public.journeyline_migrations (number integer primary key, name text not null,"
            " checksum text not null, applied_at timestamptz not null default clock_timestamp())"
        )
        rows = connection.execute("select number, name, checksum from public.journeyline_migrations").fetchall()
        ledger = {number: (name, checksum) for number, name, checksum in rows}
        _check(migrations, ledger)
        for migration in migrations:
            if migration.number in ledger:
                continue
            try:
                with connection.transaction():
                    connection.execute(migration.text.encode())
                    connection.execute(
                        "insert into public.journeyline_migrations (number, name, checksum) values (%s, %s, %s)",
                        (migration.number, migration.name, migration.checksum),
                    )
            except Exception as error:
                raise MigrationError(f"{migration.name} failed and was rolled back: {error}") from error
            log.info("applied %s", migration.name)
            applied.append(migration.name)
    return applied


def _check(migrations: list[Migration], ledger: dict[int, tuple[str, str]]) -> None:
    known = {migration.number: migration for migration in migrations}
    for number, (name, checksum) in sorted(ledger.items()):
        if number not in known:
            raise MigrationError(
                f"The warehouse has {name}, which this version of Journeyline does not know: update the checkout."
            )
        if known[number].checksum != checksum:
            raise MigrationError(
                f"{known[number].name} was changed after it was applied. Put the old text back and write the change as"
                f" {max(known) + 1:04d}_<what_it_does>.sql; or, with data you can lose, start from a new"
                " JOURNEYLINE_HOME."
            )


def schema_version() -> int:
    """Number of the newest applied migration; 0 for an empty database."""
    with connect(name="journeyline status") as connection:
        if connection.execute("select to_regclass('public.journeyline_migrations')").fetchone() == (None,):
            return 0
        row = connection.execute("select coalesce(max(number), 0) from public.journeyline_migrations").fetchone()
        return int(row[0]) if row else 0
