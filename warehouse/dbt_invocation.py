"""One call of dbt, in this process: arguments, environment, results, and resuming a failed attempt."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warehouse.connection import connect, one, warehouse_url
from warehouse.dbt_parse import parsed_project
from warehouse.dbt_seeds import drop_outgrown_seeds
from warehouse.errors import DbtLayerError
from warehouse.settings import settings

log = logging.getLogger(__name__)

GOOD = {"success", "pass", "warn", "no-op", "skipped"}


@dataclass(frozen=True, slots=True)
class Node:
    """What happened to one model, seed or test."""

    node_id: str
    status: str
    seconds: float
    rows: int | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    nodes: list[Node]
    seconds: float

    @property
    def rows(self) -> int:
        """Rows written by models and seeds, as PostgreSQL counted them."""
        return sum(node.rows or 0 for node in self.nodes if node.node_id.startswith(("model.", "seed.")))


@dataclass
class Invocation:
    """Build and test one layer.

    sources     watermarks captured before anything runs; of the first attempt when a failed one is resumed
    with_seeds  load the seeds too: they changed since they were last loaded
    with_views  make the views again: the layer's rules changed, or one of its views is not there
    refit       statistics were fitted anew tonight: fitted marts hold everybody's rows
    check_contracts  the layer's rules changed, or somebody works by hand: columns' types may differ from the contracts
    """

    layer: str
    export_date: dt.date
    full_refresh: bool
    sources: dict[str, int]
    rules: int
    select: str | None = None
    with_seeds: bool = False
    with_views: bool = True
    refit: bool = False
    check_contracts: bool = True
    build_seq: int = 0
    resumed: bool = field(default=False, init=False)

    @property
    def target(self) -> Path:
        """Where dbt keeps its files: one folder per layer, so that layers and homes never meet."""
        return settings().home / "dbt" / self.layer

    @property
    def _attempt_file(self) -> Path:
        return self.target / "failed_attempt.json"

    def run(self) -> Outcome:
        """Raises DbtLayerError with the first failing node."""
        self.target.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with _environment(), _quiet_logging():
            earlier = None if self.select else self._failed_attempt()
            if earlier:
                self.resumed = True
                self.build_seq, self.sources = earlier["build_seq"], earlier["sources"]
                self.with_seeds = earlier["with_seeds"]
                result = self._invoke(["retry"])
            else:
                with connect(name=f"journeyline dbt {self.layer}") as connection:
                    self.build_seq = one(connection, "select nextval('ops.build_seq')")
                result = self._build()
        nodes = _nodes(result)
        self._record(nodes)
        failed = [node for node in nodes if node.status not in GOOD]
        if failed or not result.success:
            self._remember(bool(nodes))
            raise DbtLayerError(self._complaint(result, failed))
        self._attempt_file.unlink(missing_ok=True)
        return Outcome(nodes, time.monotonic() - began)

    def _build(self) -> Any:
        try:
            # with seeds: also the tests of seeds, whose models are of all layers
            tag = None if self.with_seeds else f"layer_{self.layer}"
            manifest = parsed_project(self._project(), lambda folder: self._invoke(["parse"], target=folder), tag=tag)
        except DbtLayerError as error:
            raise DbtLayerError(f"Layer {self.layer}: the dbt project cannot be read: {_clean(str(error))}") from None
        what = [f"tag:layer_{self.layer}"]
        if self.select:
            what = [f"{what[0]},{self.select}"]  # comma: both must hold
        if self.with_seeds:
            what.append("resource_type:seed")
            with connect(name=f"journeyline dbt {self.layer}") as connection:
                drop_outgrown_seeds(connection, self._project())
        variables = {
            "export_date": self.export_date.isoformat(),
            "build_seq": self.build_seq,
            "layer": self.layer,
            "full_refresh": self.full_refresh,
            "refit": self.refit,
            "check_contracts": self.check_contracts,
            **self._published(),
        }
        # buildable: also tests between layers, but none that needs a model of a later layer.
        # Unit tests try the code, not the data: the test suite runs them, a night need not.
        how = ["--indirect-selection", "buildable", "--exclude-resource-type", "unit_test"]
        if not self.with_views:
            how += ["--exclude", "config.materialized:view"]
        arguments = ["build", *how, "--vars", json.dumps(variables), "--select", *what]
        result = self._invoke(["--no-write-json", *arguments], manifest)
        if not result.success and hasattr(result.result, "write"):
            result.result.write(str(self.target / "run_results.json"))  # what `dbt retry` starts from
        return result

    def _published(self) -> dict[str, Any]:
        """What every aggregate asks: whether everybody is affected, and which columns of which mart are published."""
        if self.layer not in ("marts", "answers"):
            return {}
        with connect(name=f"journeyline dbt {self.layer}") as connection:
            everyone = one(connection, "select coalesce(bool_and(everyone), true) from ops.next_publish")
            rows = connection.execute(
                "select c.relname, array_agg(a.attname::text order by a.attnum) from pg_class as c join pg_attribute"
                " as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped where c.relnamespace ="
                " to_regnamespace('marts') and c.relkind in ('r', 'p', 'v') group by 1 order by 1"
            ).fetchall()
        return {"everyone": everyone, "published": dict(rows)}

    def _project(self) -> Path:
        project = settings().dbt_project
        if not (project / "dbt_project.yml").exists():
            raise DbtLayerError(f"There is no dbt project in {project}.")
        return project

    def _invoke(self, arguments: list[str], manifest: Any = None, target: Path | None = None) -> Any:
        from dbt.cli.main import dbtRunner

        project, folder = str(self._project()), str(target or self.target)
        places = ["--project-dir", project, "--profiles-dir", project, "--target-path", folder, "--log-path", folder]
        # No log file: PostgreSQL's messages may quote values. Progress comes through the results.
        quiet = ["--log-level", "none", "--log-level-file", "none", "--no-use-colors"]
        return dbtRunner(manifest=manifest).invoke([*arguments, *places, *quiet, "--no-send-anonymous-usage-stats"])

    # -- a failed attempt ---------------------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        """A failed attempt is resumed only for the same work in the same database."""
        with connect(name=f"journeyline dbt {self.layer}") as connection:
            database = one(
                connection,
                "select system_identifier || '/' || (select oid from pg_database where datname = current_database())"
                " from pg_control_system()",
            )
        return {
            "layer": self.layer,
            "export_date": self.export_date.isoformat(),
            "full_refresh": self.full_refresh,
            "rules": self.rules,
            "database": database,
        }

    def _failed_attempt(self) -> dict[str, Any] | None:
        try:
            attempt: dict[str, Any] = json.loads(self._attempt_file.read_text())
        except (OSError, ValueError):
            return None
        if attempt["identity"] != self._identity() or not (self.target / "run_results.json").exists():
            return None
        # The night in preparation changed: what was built before the failure belongs to another set of customers.
        if any(attempt["sources"].get(name) != self.sources.get(name) for name in ("affected", "marts", "fits")):
            return None
        return attempt

    def _remember(self, has_results: bool) -> None:
        if self.select or not has_results:
            self._attempt_file.unlink(missing_ok=True)
            return
        attempt = {
            "identity": self._identity(),
            "build_seq": self.build_seq,
            "sources": self.sources,
            "with_seeds": self.with_seeds,
        }
        self._attempt_file.write_text(json.dumps(attempt))

    # -- results ------------------------------------------------------------------------------------------------------

    def _record(self, nodes: list[Node]) -> None:
        with connect(name=f"journeyline dbt {self.layer}") as connection, connection.cursor() as cursor:
            cursor.executemany(
                "insert into ops.node_results (layer, export_date, build_seq, node_id, status, seconds, rows, message)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (self.layer, self.export_date, self.build_seq, n.node_id, n.status, n.seconds, n.rows, n.message)
                    for n in nodes
                ],
            )

    def _complaint(self, result: Any, failed: list[Node]) -> str:
        if not failed:
            return f"Layer {self.layer} failed: {_clean(str(result.exception))}"
        first = failed[0]
        more = f" (and {len(failed) - 1} more; see ops.node_results)" if len(failed) > 1 else ""
        return f"Layer {self.layer}: {first.node_id} ended with {first.status}: {first.message}{more}"


def _nodes(result: Any) -> list[Node]:
    if result.result is None or not hasattr(result.result, "results"):
        return []
    nodes = []
    for item in result.result.results:
        rows = (item.adapter_response or {}).get("rows_affected")
        status = str(getattr(item.status, "value", item.status))
        message = None if status in ("success", "pass") else _clean(item.message or "")
        is_writer = item.node.resource_type in ("model", "seed")
        nodes.append(
            Node(
                item.node.unique_id,
                status,
                item.execution_time,
                rows if is_writer and (rows or 0) >= 0 else None,
                message,
            )
        )
    return nodes


_VALUE = re.compile(r"(invalid input [^:\n]*|out of range[^:\n]*|date/time field value[^:\n]*): \".*?\"")


def _clean(message: str) -> str:
    """dbt's message without what may be row values (PostgreSQL's DETAIL, CONTEXT, quoted input); at most five lines."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    kept: list[str] = []
    for line in lines:
        if re.match(r"(DETAIL|CONTEXT|HINT|LINE \d+|\^|actual differs|@@|compiled code)", line):
            break
        kept.append(_VALUE.sub(r"\1: (value not shown)", line))
    return " ".join(kept[:5])


@contextmanager
def _environment() -> Iterator[None]:
    """The warehouse's address for dbt_project/profiles.yml, and dbt's telemetry off; put back afterwards."""
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(warehouse_url())
    values = {
        "JL_DBT_HOST": str(parts.get("host") or "127.0.0.1"),
        "JL_DBT_PORT": str(parts.get("port") or 5432),
        "JL_DBT_USER": str(parts.get("user") or ""),
        "JL_DBT_PASSWORD": str(parts.get("password") or ""),
        "JL_DBT_DATABASE": str(parts.get("dbname") or ""),
        "JL_DBT_SSLMODE": str(parts.get("sslmode") or "prefer"),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _quiet_logging() -> Iterator[None]:
    """dbt changes the root logger's handlers and level; the caller's are put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:], root.level = handlers, level
