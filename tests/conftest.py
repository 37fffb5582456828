"""Fixtures for every room.

database           address of a fresh, migrated, throw-away database for one test (about 0.1 s)
module_database    the same, shared by the tests of one module
full_database      the same, with the raw tables of all contracts in it (a second; making them takes ten)
bare_database      fresh and empty, not migrated
samples            folder with the platforms' real sample files; skips when absent
samples_journeys   folder with real journey data sets; skips when absent

The database fixtures set JOURNEYLINE_WAREHOUSE_URL and JOURNEYLINE_HOME, so the product's own functions work unchanged.
Names of databases are used again one after another, so that dbt's parsed project, which is bound to one, is too.
One throw-away server serves the whole test session, all xdist workers included; the last worker stops it. A test that
uses a database is marked `integration` by itself.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
BASE = Path(tempfile.gettempdir()) / f"journeyline-tests-{os.getuid()}"
TEMPLATE = "journeyline_template"
FULL_TEMPLATE = "journeyline_template_full"
DATABASE_FIXTURES = {"database", "module_database", "full_database", "bare_database", "warehouse_server"}
# Files that take longest, the longest first: a worker that begins one when the other has nothing left would end alone.
# Airflow waits more than it works: it runs beside others. Who needs the published brand comes after who makes it.
LONGEST = (
    "test_stack.py", "test_answers.py", "test_nights.py", "test_history_follows_identity.py", "test_batch_gate.py",
    "test_crm_and_shop_forms.py", "test_unit_tests.py", "test_online_retail.py", "test_add_a_platform.py",
    "test_web_truth.py", "test_mail_nights.py", "test_meta_nights.py", "test_identity_nights.py", "test_any_nights.py",
    "test_tune_matching.py",
)  # fmt: skip
IN_USE: set[str] = set()  # names of this process's test databases that live now


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("integration")
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sweep() -> None:
    """Stop and remove servers of test sessions that were killed before they could clean up."""
    from warehouse.server import EmbeddedServer

    for home in BASE.glob("session-*"):
        users = [user.name for user in (home / "users").glob("*")]
        if not any(_alive(user) for user in users):
            EmbeddedServer(home, throwaway=True).stop()
            shutil.rmtree(home, ignore_errors=True)


def _run() -> str:
    return os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"pid{os.getpid()}"


@pytest.fixture(scope="session")
def warehouse_server() -> Iterator[object]:
    """The session's server, with a migrated template database. Nearly always `database` is what you want."""
    from warehouse.server import EmbeddedServer

    home = BASE / f"session-{_run()}"
    ours = home / "users" / str(os.getpid())
    server = EmbeddedServer(home, throwaway=True)
    with _locked(BASE / "lock"):
        _sweep()
        ours.parent.mkdir(parents=True, exist_ok=True)
        ours.touch()
        server.start()
        _ensure_template(server.ensure_database(TEMPLATE))
    yield server
    with _locked(BASE / "lock"):
        ours.unlink(missing_ok=True)
        if not any(ours.parent.iterdir()):
            server.stop()
            shutil.rmtree(home, ignore_errors=True)


def _ensure_template(url: str) -> None:
    from warehouse.migrations import migrate

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEYLINE_WAREHOUSE_URL", url)
        migrate()


def ensure_template(server: object, name: str, home: Path, *, template: str, fill: Callable[[], None]) -> None:
    """Once per session, whichever worker comes first: a template database that `fill` fills, begun from `template`.

    It is made under the name of a test's database: dbt's project, parsed meanwhile, holds for the others too.
    """
    import psycopg
    from psycopg import sql

    with _locked(BASE / f"session-{_run()}" / f"{name}.lock"):
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:  # type: ignore[attr-defined]
            if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
                return
        with fresh_database(server, home, template=template) as url:
            fill()
            made = url.rsplit("/", 1)[-1]
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:  # type: ignore[attr-defined]
                connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (made,))
                connection.execute(
                    sql.SQL("alter database {} rename to {}").format(sql.Identifier(made), sql.Identifier(name))
                )


def _fill_full_template() -> None:
    import connectors

    connectors.prepare_tables()


@contextmanager
def fresh_database(server: object, home: Path, *, template: str | None) -> Iterator[str]:
    import psycopg
    from psycopg import sql

    worker = os.environ.get("PYTEST_XDIST_WORKER", f"pid{os.getpid()}")
    name = next(name for n in range(1000) if (name := f"test_{worker}_{n}") not in IN_USE)
    IN_USE.add(name)
    _share_parsed_project(home, BASE / f"session-{_run()}" / "parsed" / name)
    create = sql.SQL("create database {}").format(sql.Identifier(name))
    if template:
        create += sql.SQL(" template {} strategy file_copy").format(sql.Identifier(template))
    admin = server.url("postgres")  # type: ignore[attr-defined]
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(create)
    with pytest.MonkeyPatch.context() as patch:
        url = server.url(name)  # type: ignore[attr-defined]
        patch.setenv("JOURNEYLINE_WAREHOUSE_URL", url)
        patch.setenv("JOURNEYLINE_HOME", str(home))
        patch.delenv("JOURNEYLINE_EXPORTS", raising=False)
        yield url
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    IN_USE.discard(name)


def _share_parsed_project(home: Path, shared: Path) -> None:
    """Let dbt's parsed project outlive the test: it holds for every database of the name."""
    shared.mkdir(parents=True, exist_ok=True)
    (home / "dbt").mkdir(parents=True, exist_ok=True)
    _adopt_parsed_project(shared)
    if not (home / "dbt" / "project").exists():
        (home / "dbt" / "project").symlink_to(shared, target_is_directory=True)


def _adopt_parsed_project(shared: Path) -> None:
    """What was parsed for another database of the session holds for this one too, but for its name.

    Parsing takes twenty seconds of processor time. Names are of one length, so the stored bytes keep their form.
    """
    key = _project_key(shared.name)
    if (shared / "parsed.key").exists() and (shared / "parsed.key").read_text() == key:
        return
    for mark in sorted(shared.parent.glob("*/parsed.key")):
        other = mark.parent
        if len(other.name) != len(shared.name) or not _is_parsed(other):
            continue
        contents = [(other / name).read_bytes() for name in ("manifest.json", "partial_parse.msgpack")]
        if not _is_parsed(other):  # begun anew meanwhile, for a project of its own
            continue
        (shared / "parsed.key").unlink(missing_ok=True)
        for name, content in zip(("manifest.json", "partial_parse.msgpack"), contents, strict=True):
            (shared / name).write_bytes(content.replace(other.name.encode(), shared.name.encode()))
        (shared / "parsed.key").write_text(key)
        return


def _is_parsed(folder: Path) -> bool:
    """Whether what lies there is this project, parsed for the database of the folder's name."""
    try:
        return (folder / "parsed.key").read_text() == _project_key(folder.name)
    except FileNotFoundError:
        return False


@cache
def _project_key(database: str) -> str:
    """Of the project as the session found it."""
    from warehouse.dbt_parse import project_key
    from warehouse.settings import settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JL_DBT_DATABASE", database)
        return project_key(settings().dbt_project)


@pytest.fixture
def database(warehouse_server: object, tmp_path: Path) -> Iterator[str]:
    """Address of a fresh migrated database for this test; the environment points at it."""
    with fresh_database(warehouse_server, tmp_path, template=TEMPLATE) as url:
        yield url


@pytest.fixture(scope="module")
def module_database(warehouse_server: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a fresh migrated database for this module; the environment points at it."""
    with fresh_database(warehouse_server, tmp_path_factory.mktemp("home"), template=TEMPLATE) as url:
        yield url


def ensure_full_template(server: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("template")
    ensure_template(server, FULL_TEMPLATE, home, template=TEMPLATE, fill=_fill_full_template)


@pytest.fixture(scope="module")
def full_database(warehouse_server: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same with the raw tables of all contracts."""
    ensure_full_template(warehouse_server, tmp_path_factory)
    with fresh_database(warehouse_server, tmp_path_factory.mktemp("home"), template=FULL_TEMPLATE) as url:
        yield url


@pytest.fixture
def bare_database(warehouse_server: object, tmp_path: Path) -> Iterator[str]:
    """Address of a fresh database without any migration."""
    with fresh_database(warehouse_server, tmp_path, template=None) as url:
        yield url


def _folder(variable: str, default: Path) -> Path:
    folder = Path(os.environ.get(variable) or default)
    if not folder.is_dir():
        pytest.skip(f"real sample files are not here: {folder} (set {variable} to the folder that has them)")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real sample files of the platforms. Read only."""
    return _folder("JOURNEYLINE_SAMPLES", REPOSITORY.parent / "shared" / "samples")


@pytest.fixture(scope="session")
def samples_journeys() -> Path:
    """Real journey data sets. Read only."""
    return _folder("JOURNEYLINE_SAMPLES_JOURNEYS", REPOSITORY.parent / "shared" / "samples_journeys")
