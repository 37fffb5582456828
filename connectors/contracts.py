"""Platform contracts: YAML files read into frozen, validated models. Format: connectors/README.md."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from connectors.catalogue import CONTRACTS, DEFAULT_SCHEDULE, YamlLoader, platforms
from connectors.deliveries import Delivery
from connectors.errors import ContractError
from connectors.forms import FileForm
from connectors.naming import snake_case
from connectors.paths import steps

if TYPE_CHECKING:
    from warehouse import TableSpec

CLEANERS = ("apostrophe", "decimal_id", "meta_prefix", "money", "decimal_comma", "salesforce_id", "gid", "keep_blank")
Cleaner = Literal[
    "apostrophe", "decimal_id", "meta_prefix", "money", "decimal_comma", "salesforce_id", "gid", "keep_blank"
]
Pii = Literal["name", "email", "phone", "address", "birth_date", "id", "handle", "cookie", "device", "ip", "free_text"]
_TYPE = re.compile(
    r"text|integer|bigint|smallint|boolean|date|timestamp|timestamptz|jsonb|double precision|numeric\(\d{1,2},\d{1,2}\)"
)
TYPES = "text, integer, bigint, smallint, boolean, date, timestamp, timestamptz, jsonb, double precision, numeric(18,2)"
EXPORT_DATE = "$export_date"  # a column's source that is no header or path
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Column(_Model):
    """One column of an object.

    from_            headers or JSON paths that feed it, first non-blank wins; default: the column's own name;
                     $export_date is the export date of the file's folder
    type             PostgreSQL type
    clean            named cleaner(s), applied in order before the cast
    required         a row without a value is rejected, a file without the column too
    required_column  a file without the column is rejected, blanks are fine
    derived          made (or completed) by the object's transform
    pii              class of personal data
    volatile         changes without meaning: no part of the row's content
    time_zone        zone of times that are written without one (default UTC)
    """

    name: str = ""
    from_: tuple[str, ...] = Field(default=(), alias="from")
    type: str = "text"
    clean: tuple[Cleaner, ...] = ()
    required: bool = False
    required_column: bool = False
    derived: bool = False
    pii: Pii | None = None
    volatile: bool = False
    time_zone: str = "UTC"
    description: str = ""

    @field_validator("from_", "clean", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if not _TYPE.fullmatch(value):
            raise ValueError(f"unknown type {value!r}; write one of {TYPES}")
        return value

    @field_validator("from_")
    @classmethod
    def _plain_paths(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for path in value:
            steps(path)
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        from zoneinfo import available_timezones

        if value not in available_timezones():
            raise ValueError(f"unknown time zone {value!r}; write an IANA name like Europe/London")
        return value

    @property
    def sources(self) -> tuple[str, ...]:
        """Headers or paths that feed the column, best first."""
        return self.from_ or (self.name,)

    @property
    def header_names(self) -> tuple[str, ...]:
        """The same as names of a file's header, normalised; the column's own name counts as well."""
        return tuple(dict.fromkeys([*(snake_case(source) for source in self.sources), self.name]))


class Deletion(_Model):
    """Rows whose `column` has one of `values` are deleted at the source: raw keeps them with `_is_deleted` true."""

    column: str
    values: tuple[str, ...]


class Yields(_Model):
    """What an object's rows are evidence of, in terms of its own columns. `check` shows it; nothing is built from it.

    identifiers  type of resolution/config/identifiers.yml → columns that hold its values
    touchpoints  types of dbt_project/seeds/touchpoint_types.csv that a row may become
    metrics      aggregates: rows feed channel metrics, never persons
    """

    identifiers: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    touchpoints: tuple[str, ...] = ()
    metrics: bool = False

    @field_validator("identifiers", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {kind: (names,) if isinstance(names, str) else names for kind, names in value.items()}


class ExportObject(_Model):
    """One object of a platform: raw.<platform>__<object>."""

    name: str = ""
    description: str
    files: tuple[FileForm, ...] = Field(min_length=1)
    columns: dict[str, Column] = Field(min_length=1)
    key: tuple[str, ...] = Field(min_length=1)
    restatement: Literal["upsert", "append", "replace_partition"] = "upsert"
    partition: tuple[str, ...] = ()
    version_column: str | None = None
    history: bool = False
    look_back_days: int = Field(default=0, ge=0, le=400)
    empty: Literal["rejected", "allowed"] = "rejected"
    optional: bool = False
    transform: str | None = None
    deletion: Deletion | None = None
    indexes: tuple[tuple[str, ...], ...] = ()
    yields: Yields = Field(default_factory=Yields)
    delivery: Delivery = Field(default_factory=Delivery)

    @model_validator(mode="before")
    @classmethod
    def _name_columns(cls, value: Any) -> Any:
        columns = value.get("columns") if isinstance(value, dict) else None
        if isinstance(columns, dict):
            named = {
                name: {**(body or {}), "name": name} if isinstance(body, dict | None) else body
                for name, body in columns.items()
            }
            return {**value, "columns": named}
        return value

    @model_validator(mode="after")
    def _consistent(self) -> ExportObject:
        from connectors.transforms import names as transform_names

        for name in self.columns:
            if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 63:
                raise ValueError(
                    f"column {name!r}: write lower-case words joined by _, first a letter, at most 63 characters"
                )
        used = {
            "key": self.key,
            "partition": self.partition,
            "version_column": (self.version_column,) if self.version_column else (),
            "indexes": tuple(name for index in self.indexes for name in index),
            "deletion": (self.deletion.column,) if self.deletion else (),
            "set": tuple(name for form in self.files for name in form.set_),
            "members": tuple(name for form in self.files for part in form.members.values() for name in part),
            "yields": tuple(name for names in self.yields.identifiers.values() for name in names),
        }
        for where, names in used.items():
            for name in names:
                if name not in self.columns:
                    raise ValueError(
                        f"{where} names {name!r}, which is not among columns; add the column or correct the name"
                    )
        for name in self.key:
            if not self.columns[name].required:
                raise ValueError(f"key column {name!r} may be blank; write required: true on it")
        if (self.restatement == "replace_partition") != bool(self.partition):
            raise ValueError("restatement replace_partition and partition belong together; write both or neither")
        if self.transform and self.transform not in transform_names():
            raise ValueError(f"unknown transform {self.transform!r}; write one of {', '.join(transform_names())}")
        if not self.transform and any(column.derived for column in self.columns.values()):
            raise ValueError(
                "a column is derived, but there is no transform to make it; write transform: <name>, or remove derived"
            )
        return self


class PlatformContract(_Model):
    """Everything Journeyline knows about one platform's nightly exports.

    schedule  when its pull runs every night: a cron expression, UTC
    """

    platform: str
    title: str
    description: str
    schedule: str = DEFAULT_SCHEDULE
    objects: dict[str, ExportObject] = Field(min_length=1)
    hash: str = ""

    @model_validator(mode="before")
    @classmethod
    def _name_objects(cls, value: Any) -> Any:
        objects = value.get("objects") if isinstance(value, dict) else None
        if isinstance(objects, dict):
            named = {name: {**body, "name": name} if isinstance(body, dict) else body for name, body in objects.items()}
            return {**value, "objects": named}
        return value

    @field_validator("schedule")
    @classmethod
    def _five_fields(cls, value: str) -> str:
        if not re.fullmatch(r"[\d*/,-]+( [\d*/,-]+){4}", value):
            raise ValueError(f"{value!r} is no cron expression; write minute hour day month weekday, like 45 2 * * *")
        return value

    @model_validator(mode="after")
    def _names(self) -> PlatformContract:
        for name in (self.platform, *self.objects):
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise ValueError(f"{name!r}: platform and object names are lower-case words joined by _")
        return self


class _UniqueLoader(YamlLoader):
    """SafeLoader that refuses a key written twice: YAML would silently keep the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} is written twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_contract(path: Path) -> PlatformContract:
    """Read and check one contract file. Raises ContractError that names file, key and what to write instead."""
    try:
        text = path.read_text(encoding="utf-8")
        data = yaml.load(text, _UniqueLoader)
    except OSError as error:
        raise ContractError(f"{path.name}: cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"{path.name}: is not valid YAML: {_short(str(error))}") from None
    if not isinstance(data, dict):
        raise ContractError(f"{path.name}: is empty or no mapping; begin with `platform: {path.stem}`.")
    try:
        contract = PlatformContract.model_validate({**data, "hash": hashlib.sha256(text.encode()).hexdigest()[:16]})
    except ValidationError as error:
        lines = [_explain(path.name, part) for part in error.errors()]
        raise ContractError("\n".join(lines)) from None
    if contract.platform != path.stem:
        raise ContractError(
            f"{path.name}: platform is {contract.platform!r}; write `platform: {path.stem}` or rename the file."
        )
    return contract


def _short(text: str) -> str:
    return " ".join(text.split())[:300]


def _explain(file: str, part: Any) -> str:
    where = ".".join(str(step) for step in part["loc"]) or "(top)"
    kind, context = part["type"], part.get("ctx", {})
    if kind == "extra_forbidden":
        advice = "is not a key of the contract format; correct its spelling or remove it"
    elif kind == "missing":
        advice = "is missing; add it"
    elif kind == "literal_error":
        advice = f"must be one of {context['expected']}"
    else:
        advice = part["msg"].removeprefix("Value error, ")
    return f"{file}: {where}: {advice}."


@lru_cache(maxsize=64)
def _cached(path: Path, _changed: int) -> PlatformContract:
    return read_contract(path)


def load_contract(platform: str) -> PlatformContract:
    """The contract of a platform. Raises ContractError when there is none or it is wrong."""
    if platform not in platforms():
        raise ContractError(f"There is no contract for {platform!r}; known platforms: {', '.join(platforms())}.")
    path = CONTRACTS / f"{platform}.yml"
    return _cached(path, path.stat().st_mtime_ns)


def find_object(platform: str, name: str) -> ExportObject:
    """One object of a platform's contract. Raises ContractError when there is none."""
    contract = load_contract(platform)
    if name not in contract.objects:
        raise ContractError(f"{platform}.yml has no object {name!r}; it has {', '.join(contract.objects)}.")
    return contract.objects[name]


def table_spec(platform: str, object: str) -> TableSpec:
    """What the warehouse must know about an object's tables."""
    return spec_of(platform, find_object(platform, object))


def spec_of(platform: str, export: ExportObject) -> TableSpec:
    """The same, of an object that is already at hand."""
    from warehouse.specs import ColumnSpec, TableSpec

    # What a row tells of a person's ids on a platform is personal data, whether or not the column says so.
    ids = {
        name
        for kind, names in export.yields.identifiers.items()
        if kind not in ("email", "phone", "order_id")
        for name in names
    }
    columns = tuple(
        ColumnSpec(
            column.name, column.type, column.required, column.pii or ("id" if column.name in ids else None),
            column.volatile, column.description,
        )
        for column in export.columns.values()
    )  # fmt: skip
    return TableSpec(
        platform, export.name, columns, export.key, export.restatement, export.partition,
        export.version_column, export.history, export.indexes,
        (export.deletion.column, export.deletion.values) if export.deletion else None,
    )  # fmt: skip
