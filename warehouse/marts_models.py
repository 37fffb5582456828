"""Which dbt models are published, and how: read from dbt's manifest, nowhere else."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warehouse.dbt_parse import parse_folder
from warehouse.errors import PublishError

CONTACTS = "dim_customer_contacts"
MODES = ("customer", "whole", "view")
READERS = ("bi_reader", "person_reader", "pii_reader")


@dataclass(frozen=True, slots=True)
class Index:
    """One index of a published table. Its name follows from what it is, so that it stays the same for ever."""

    table: str
    columns: tuple[str, ...]
    unique: bool = False

    @property
    def name(self) -> str:
        return _name(self.table, "_".join(self.columns), "key" if self.unique else "idx")


@dataclass(frozen=True, slots=True)
class ForeignKey:
    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]

    @property
    def name(self) -> str:
        return _name(self.table, "_".join((*self.columns, self.to_table)), "fkey")


@dataclass(frozen=True, slots=True)
class MartModel:
    """One model with config.meta.publish.

    publish    customer (rows of the affected customers), whole (all rows) or view (the same view over marts)
    is_fitted  on nights when statistics are fitted anew, a model published by customer holds everybody's rows
    reader     the role that may read it: bi_reader; person_reader for lists of persons; pii_reader for contact details
    reads      names of the models and seeds it reads
    restated   figures by month that marts.restatement_log watches: SQL of the date, and metric → SQL of one row's share
    """

    name: str
    publish: str
    primary_key: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    is_fitted: bool = False
    reader: str = "bi_reader"
    reads: tuple[str, ...] = ()
    restated_period: str = ""
    restated_figures: tuple[tuple[str, str], ...] = ()
    description: str = ""
    comments: dict[str, str] = field(default_factory=dict)

    @property
    def by_customer(self) -> bool:
        return self.publish == "customer"

    @property
    def is_view(self) -> bool:
        return self.publish == "view"


def read_marts_models(manifest: Path | None = None) -> list[MartModel]:
    """The published models in order of their names. Raises PublishError when the manifest is missing or wrong."""
    path = manifest or parse_folder() / "manifest.json"
    try:
        nodes: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    except FileNotFoundError:
        raise PublishError(f"{path} is missing: build the marts first (`python -m warehouse dbt marts`).") from None
    except (ValueError, KeyError):
        raise PublishError(f"{path} is no dbt manifest: build the marts again.") from None
    models = []
    for node in nodes.values():
        how = _meta(node).get("publish")
        if node.get("resource_type") not in ("model", "seed") or how is None:
            continue
        if how not in MODES:
            raise PublishError(f"Model {node['name']}: config.meta.publish is {how!r}; write {', '.join(MODES)}.")
        models.append(_model(node, str(how)))
    if not models:
        raise PublishError(f"{path} names no model to publish: set config.meta.publish on at least one.")
    return sorted(models, key=lambda model: model.name)


def _meta(node: dict[str, Any]) -> dict[str, Any]:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _model(node: dict[str, Any], publish: str) -> MartModel:
    name = str(node["name"])
    columns = node.get("columns") or {}
    constraints = list(node.get("constraints") or [])
    for column in columns.values():
        constraints += [{**c, "columns": [column["name"]]} for c in column.get("constraints") or []]
    key = next((tuple(c["columns"]) for c in constraints if c.get("type") == "primary_key"), ())
    declared = [c for c in constraints if c.get("type") == "foreign_key"]
    foreign = tuple(_foreign_key(name, c) for c in [*declared, *(_meta(node).get("foreign_keys") or [])])
    indexes = tuple(
        Index(name, tuple(i["columns"]), bool(i.get("unique"))) for i in (node.get("config") or {}).get("indexes") or []
    )
    meta = _meta(node)
    restated = meta.get("restated") or {}
    reader = "person_reader" if meta.get("person_level") else "bi_reader"
    return MartModel(
        name=name,
        publish=publish,
        # a view has neither key nor indexes: those of the tables under it serve
        primary_key=() if publish == "view" else key,
        indexes=() if publish == "view" else tuple(i for i in indexes if not (i.unique and i.columns == key)),
        foreign_keys=() if publish == "view" else foreign,
        is_fitted=bool(meta.get("fitted")),
        reader="pii_reader" if meta.get("pii") or name == CONTACTS else reader,
        reads=tuple(str(parent).split(".")[2] for parent in (node.get("depends_on") or {}).get("nodes") or []),
        restated_period=str(restated.get("period", "")),
        restated_figures=tuple((str(name), str(share)) for name, share in (restated.get("figures") or {}).items()),
        description=str(node.get("description") or ""),
        comments={str(c["name"]): str(c.get("description") or "") for c in columns.values()},
    )


_EXPRESSION = re.compile(r"(?P<to>[^()]+?)\s*\(\s*(?P<columns>[^()]+)\)")


def _foreign_key(table: str, constraint: dict[str, Any]) -> ForeignKey:
    """An entry of config.meta.foreign_keys (columns, to, to_columns), or dbt's own constraint.

    In a constraint `to` is a ref, or what dbt made of it, or all is in the expression `table (columns)`. Published
    models use the meta entry: dbt would make a constraint in marts_next, where only the night's rows are.
    """
    to, to_columns = constraint.get("to"), constraint.get("to_columns")
    if not to:
        match = _EXPRESSION.search(str(constraint.get("expression") or ""))
        if match is None:
            raise PublishError(f"Model {table}: a foreign key needs `to` and `to_columns`.")
        to, to_columns = match["to"], [part.strip(' "') for part in match["columns"].split(",")]
    target = re.findall(r"\w+", str(to))[-1]
    return ForeignKey(table, tuple(constraint["columns"]), target, tuple(to_columns or constraint["columns"]))


def _name(table: str, middle: str, end: str) -> str:
    """At most 63 bytes: PostgreSQL would cut longer names, and two of them could then be the same."""
    name = f"{table}__{middle}__{end}"
    if len(name) <= 63:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: 63 - len(digest) - len(end) - 4]}__{digest}__{end}"
