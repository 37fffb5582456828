"""Trying models out in a schema of one's own: `sandbox_<name>`, made from what is published, seen by nobody else.

Only the selected models are built. What they refer to and is not selected is read where it is published (`marts.*`),
or from the shared schemas: dbt's deferral, with a state in which published models lie in `marts`. So a new mart is
tried on everybody in seconds, without building what lies below it, and nothing that the nights use is touched.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.clock import as_date
from warehouse.connection import connect
from warehouse.dbt_invocation import GOOD, Node, _clean, _environment, _nodes, _quiet_logging
from warehouse.dbt_parse import parse_folder, parsed_project, project_key
from warehouse.errors import SandboxError
from warehouse.settings import settings

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """What was built, in schema `schema`, with the clock of the newest published night."""

    schema: str
    nodes: list[Node]
    seconds: float


def sandbox_schema(name: str) -> str:
    """Raises SandboxError for a name that is no plain word."""
    if not _NAME.fullmatch(name):
        raise SandboxError(f"{name!r} cannot name a schema: use lower case letters, digits and _, a letter first.")
    return f"sandbox_{name}"


def build_sandbox(name: str, select: str) -> SandboxResult:
    """Build and test the selected models (dbt selection, e.g. `my_model`, `+my_model`, `path:models/sandbox`).

    Raises SandboxError when nothing was published yet, nothing is selected, or a model fails (the first one is named).
    """
    schema, began = sandbox_schema(name), time.monotonic()
    project, folder = settings().dbt_project, settings().home / "dbt" / f"sandbox_{name}"
    with connect(name="journeyline sandbox") as connection:
        row = connection.execute(
            "select export_date from ops.publish_log where status = 'live' order by publish_id desc limit 1"
        ).fetchone()
        if row is None:
            raise SandboxError("No night is published yet: there is nothing to build on. Run one first (make run).")
    state = _write_state(folder / "state", project)
    variables = {"sandbox": name, "export_date": as_date(row[0]).isoformat(), "layer": "answers"}
    places = ["--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(folder)]
    quiet = ["--log-path", str(folder), "--log-level", "none", "--log-level-file", "none", "--no-use-colors"]
    arguments = [
        "build",
        "--select",
        *select.split(),
        "--vars",
        json.dumps(variables),
        "--exclude-resource-type",
        "seed",
    ]
    defer = ["--defer", "--favor-state", "--state", str(state), "--indirect-selection", "cautious"]
    quiet.append("--no-send-anonymous-usage-stats")
    with _environment(), _quiet_logging():
        from dbt.cli.main import dbtRunner

        def parse(target: Path) -> Any:
            here = ["--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(target)]
            return dbtRunner().invoke(["parse", *here, *quiet])

        # parsed beside the shared project, which knows nothing of what somebody tries out
        manifest = _move(parsed_project(project, parse, folder=folder / "project"), schema)
        result: Any = dbtRunner(manifest=manifest).invoke([*arguments, *defer, *places, *quiet])
    nodes = _nodes(result)
    failed = [node for node in nodes if node.status not in GOOD]
    if failed:
        raise SandboxError(f"{failed[0].node_id} ended with {failed[0].status}: {failed[0].message}")
    if not result.success:
        raise SandboxError(_clean(str(result.exception)))
    if not nodes:
        raise SandboxError(f"Nothing is selected by {select!r}: name a model of {project}/models.")
    return SandboxResult(schema, nodes, time.monotonic() - began)


def drop_sandbox(name: str) -> bool:
    """Drop the schema with all that is in it; whether it was there."""
    from psycopg import sql

    schema = sandbox_schema(name)
    with connect(name="journeyline sandbox") as connection:
        there = connection.execute("select to_regnamespace(%s) is not null", (schema,)).fetchone() == (True,)
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
    return there


def _move(manifest: Any, schema: str) -> Any:
    """Let all models lie in the schema, as `generate_schema_name` would have said if they were parsed for it.

    Parsing anew for a variable costs twenty seconds; changed files alone one or two.
    """
    for node in manifest.nodes.values():
        if node.resource_type == "model":
            if node.relation_name:
                node.relation_name = node.relation_name.replace(f'"{node.schema}".', f'"{schema}".')
            node.schema = schema
    manifest.build_flat_graph()
    return manifest


def _write_state(folder: Path, project: Path) -> Path:
    """The manifest of the shared project, with published models where they are published."""
    stored = parse_folder() / "manifest.json"
    if not stored.exists():
        raise SandboxError("The dbt project was never built in this home: run a night first (make run).")
    mark = folder / "made_of.key"
    key = f"{project_key(project)} {stored.stat().st_mtime_ns}"
    if mark.exists() and mark.read_text() == key:
        return folder
    manifest = json.loads(stored.read_text(encoding="utf-8"))
    for node in manifest["nodes"].values():
        if node.get("resource_type") == "model" and (node["config"].get("meta") or {}).get("publish"):
            node["schema"] = "marts"
            node["relation_name"] = str(node["relation_name"]).replace('"marts_next"', '"marts"')
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    mark.write_text(key)
    return folder
