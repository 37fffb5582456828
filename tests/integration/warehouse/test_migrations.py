"""Migrations on real databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from warehouse.errors import MigrationError
from warehouse.migrations import FOLDER, migrate, read_migrations, schema_version


def test_fresh_database_gets_every_migration_once(bare_database: str) -> None:
    assert schema_version() == 0
    assert migrate() == [migration.name for migration in read_migrations()]
    assert migrate() == []
    assert schema_version() == read_migrations()[-1].number


def test_template_is_up_to_date(database: str) -> None:
    assert migrate() == []


def test_changed_file_is_refused(bare_database: str, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_first.sql").write_text("create table a (x int);")
    migrate(folder)
    (folder / "0001_first.sql").write_text("create table a (x bigint);")
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed after it was applied.*0002_"):
        migrate(folder)


def test_failing_file_leaves_nothing(bare_database: str, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_first.sql").write_text("create table a (x int);")
    (folder / "0002_second.sql").write_text("create table b (x int); select 1/0;")
    with pytest.raises(MigrationError, match=r"0002_second\.sql failed and was rolled back"):
        migrate(folder)
    with psycopg.connect(bare_database) as connection:
        assert connection.execute("select to_regclass('a') is not null, to_regclass('b') is null").fetchone() == (
            True,
            True,
        )
    assert schema_version() == 1


def test_newer_warehouse_is_refused(bare_database: str, tmp_path: Path) -> None:
    migrate()
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_foundation.sql").write_text((FOLDER / "0001_foundation.sql").read_text())
    with pytest.raises(MigrationError, match="update the checkout"):
        migrate(folder)


def test_processes_migrating_at_once_do_it_once(bare_database: str) -> None:
    command = [sys.executable, "-c", "from warehouse.migrations import migrate; print(len(migrate()))"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    counts = sorted(int(process.communicate(timeout=120)[0]) for process in running)
    assert counts == [0, 0, len(read_migrations())]
