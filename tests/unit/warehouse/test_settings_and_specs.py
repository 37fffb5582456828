"""Settings, table specifications, server configuration: pure parts, no database."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse import ColumnSpec, TableSpec, server_settings, settings
from warehouse.errors import TableError
from warehouse.server import EmbeddedServer, binary


def test_defaults_lie_in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JOURNEYLINE_HOME", "JOURNEYLINE_WAREHOUSE_URL", "JOURNEYLINE_EXPORTS"):
        monkeypatch.delenv(name, raising=False)
    found = settings()
    assert found.home == found.repository / ".journeyline"
    assert found.exports == found.home / "exports"
    assert found.warehouse_url is None
    assert (found.repository / "pyproject.toml").exists()


def test_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JOURNEYLINE_HOME", str(tmp_path / "h"))
    monkeypatch.setenv("JOURNEYLINE_EXPORTS", str(tmp_path / "x"))
    monkeypatch.setenv("JOURNEYLINE_WAREHOUSE_URL", "postgresql://u@h/d")
    found = settings()
    assert (found.home, found.exports, found.warehouse_url) == (tmp_path / "h", tmp_path / "x", "postgresql://u@h/d")


COLUMNS = (ColumnSpec("id", "bigint"), ColumnSpec("day", "date"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": ()}, "name the columns of its key"),
        ({"key": ("nope",)}, "nope is not among its columns"),
        ({"restatement": "merge"}, "'merge' is not one of"),
        ({"restatement": "replace_partition"}, "belong to restatement replace_partition"),
        ({"partition": ("day",)}, "belong to restatement replace_partition"),
        ({"version_column": "v"}, "v is not among its columns"),
        ({"columns": (*COLUMNS, ColumnSpec("id", "text"))}, "used twice"),
        ({"platform": "Shop; drop"}, "lower-case words"),
        ({"object": "o" * 60}, "longer than 63 bytes"),
        ({"indexes": (("day", "x"),)}, "x is not among its columns"),
    ],
)
def test_wrong_specifications_are_refused(changes: dict[str, object], message: str) -> None:
    values = {"platform": "shop", "object": "orders", "columns": COLUMNS, "key": ("id",), **changes}
    with pytest.raises(TableError, match=message):
        TableSpec(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["text); drop table x; --", "TEXT", "", "numeric(1,2,3)", "text default 'x'"])
def test_types_that_are_no_type_names_are_refused(kind: str) -> None:
    with pytest.raises(TableError, match="no PostgreSQL type name"):
        ColumnSpec("a", kind)


@pytest.mark.parametrize("kind", ["text", "numeric(18,2)", "timestamp with time zone", "text[]", "double precision"])
def test_type_names_are_taken(kind: str) -> None:
    assert ColumnSpec("a", kind).pg_type == kind


@pytest.mark.parametrize("name", ["", "x" * 64, "_batch_id", "_changed_seq", "_position", "a\x00b"])
def test_impossible_column_names_are_refused(name: str) -> None:
    with pytest.raises(TableError):
        ColumnSpec(name, "text")


def test_hostile_column_names_are_only_names() -> None:
    assert ColumnSpec('a"; drop table x; --', "text").name == 'a"; drop table x; --'


@pytest.mark.parametrize("memory", [1, 8, 64, 512])
def test_configuration_fits_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, memory: int) -> None:
    monkeypatch.setattr(server_settings, "machine_memory", lambda: memory * server_settings.GB)
    text = server_settings.render(5555, tmp_path)
    values = dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line and not line.startswith("#"))
    buffers = int(values["shared_buffers"].removesuffix("MB"))
    work = int(values["work_mem"].removesuffix("MB"))
    assert values["port"] == "5555"
    assert 64 <= buffers <= 4096
    assert buffers <= memory * 1024 / 4
    assert 8 <= work <= 128
    assert "fsync" not in values


def test_passwords_are_never_in_the_configuration(tmp_path: Path) -> None:
    assert "password = " not in server_settings.render(5555, tmp_path)
    assert EmbeddedServer(tmp_path).is_running() is False
    assert binary("postgres").exists()
