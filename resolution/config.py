"""Matching settings: which columns mean what, how to block, when to link. Read from YAML, validated, frozen."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from resolution.errors import ConfigError, InputError
from resolution.yaml_text import parse_yaml

AttributeType = Literal[
    "given_name",
    "family_name",
    "full_name",
    "email",
    "phone",
    "birth_date",
    "address",
    "postcode",
    "city",
    "string",
    "id",
    "number",
    "date",
    "exact",
]
CONFIG_FOLDER = Path(__file__).parent / "config"


class Attribute(BaseModel):
    """One thing known about a person: the column it comes from and how it is compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    type: AttributeType
    parts: tuple[str, ...] = ()
    """Further columns that belong to it: month and day beside a year, the house number beside a street."""
    unless: str | None = None
    """Name of a boolean column; where it is true the value is ignored (a phone number known to be shared)."""
    term_frequency: bool = True
    optional: bool = False
    """An optional column may be absent from the records."""


class MatchConfig(BaseModel):
    """All that decides a linkage apart from the data. Column names are those of the records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    record_id: str = "source_record_key"
    source: str | None = None
    duplicate_free_sources: tuple[str, ...] | Literal["all"] = ()
    country: str | None = None
    default_country: str | None = None
    exclude: tuple[str, ...] = ()
    """Boolean columns; a record for which one is true is never linked (internal accounts, tombstones)."""
    attributes: dict[str, Attribute]
    blocking: tuple[tuple[str, ...], ...] | Literal["auto"] = "auto"
    pair_budget: int | Literal["auto"] = "auto"
    max_block_size: int = Field(default=2000, ge=2)
    chunk_pairs: int = Field(default=2_000_000, ge=1000)
    jobs: int = Field(default=0, ge=0)
    """Threads; 0 = every core. Neither this nor `chunk_pairs` changes a result."""
    train_pairs: int = Field(default=1_500_000, ge=1000)
    threshold: float | Literal["auto"] = "auto"
    precision: float | None = Field(default=None, gt=0, lt=1)
    """Share of right pairs wanted of what the model joins; the automatic threshold is then the lowest that reaches it.
    None: the threshold of the best expected F1."""
    contradictions: tuple[Literal["birth_date", "given_name"], ...] = ()
    """Attributes of which one person has one: records that contradict each other in them never become one person
    (typing errors are no contradiction), unless the strongest identifiers or a decision say so."""
    prior: float | Literal["auto"] = "auto"
    blocked_emails: tuple[str, ...] = ()
    """Regular expressions (lower case, whole address) of addresses that are not a person's."""
    placeholder_dates: tuple[str, ...] = ("1900-01-01", "1970-01-01", "0001-01-01", "9999-12-31", "1899-12-30")
    review_pairs: int = Field(default=20_000, ge=1)
    """Most questions of the warehouse that one review hands out, the most valuable ones. Changes no result."""
    seed: int = 20
    origin: str = "the configuration"
    """Where the settings came from, for error messages."""

    @field_validator("attributes", mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        """Accept the short form `column: type` beside `name: {column: …, type: …}`."""
        if isinstance(value, dict):
            return {
                k: {"column": k, "type": v} if isinstance(v, str) else {"column": k, **v} if isinstance(v, dict) else v
                for k, v in value.items()
            }
        return value

    @model_validator(mode="after")
    def _check(self) -> MatchConfig:
        if not self.attributes:
            raise ValueError("attributes: name at least one column to compare, for example `first_name: given_name`")
        for kind in ("given_name", "family_name", "full_name"):
            named = [k for k, a in self.attributes.items() if a.type == kind]
            if len(named) > 1:
                raise ValueError(
                    f"attributes: {' and '.join(named)} are both of type {kind}; keep one, make the other `string`"
                )
        if isinstance(self.threshold, float) and not 0 < self.threshold < 1:
            raise ValueError("threshold: write `auto` or a probability between 0 and 1")
        return self

    def fingerprint(self) -> str:
        """Hash of everything that changes results (not where the file lies)."""
        text = self.model_dump_json(exclude={"origin", "jobs", "chunk_pairs", "review_pairs"})
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_config(path: str | Path | None = None) -> MatchConfig:
    """Read a matching configuration; without a path, the one for the warehouse's person records.

    Raises ConfigError with file, key and remedy when the file is missing or wrong.
    """
    file = Path(path) if path else CONFIG_FOLDER / "person_records.yml"
    try:
        data = parse_yaml(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{file}: no such file; `python -m resolution suggest FILE` writes a starting configuration"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{file}: expected keys such as record_id and attributes, found {type(data).__name__}")
    return config_from_dict(data, str(file))


def config_from_dict(data: dict[str, Any], origin: str = "the configuration") -> MatchConfig:
    """Validate settings held in memory. `origin` is named in error messages."""
    try:
        return MatchConfig(**{**data, "origin": origin})
    except ValidationError as error:
        lines = []
        for item in error.errors():
            key = ".".join(str(part) for part in item["loc"] if part not in ("after", "before"))
            lines.append(f"{origin}: {key + ': ' if key else ''}{item['msg'].removeprefix('Value error, ')}")
        raise ConfigError("\n".join(lines)) from None


def check_columns(config: MatchConfig, available: list[str]) -> MatchConfig:
    """The configuration with absent optional attributes left out; InputError when a needed column is missing."""
    have = set(available)
    missing: list[tuple[str, str]] = []
    kept: dict[str, Attribute] = {}
    for name, attribute in config.attributes.items():
        absent = [c for c in (attribute.column, *attribute.parts) if c not in have]
        if not absent:
            unless = attribute.unless if attribute.unless in have else None
            kept[name] = attribute.model_copy(update={"unless": unless})
        elif not attribute.optional:
            key = "column" if absent[0] == attribute.column else "parts"
            missing.append((f"attributes.{name}.{key}", absent[0]))
    if config.record_id not in have:
        missing.append(("record_id", config.record_id))
    for key in ("source", "country"):
        column = getattr(config, key)
        if column and column not in have and key != "country":
            missing.append((key, column))
    if missing:
        wrong = "; ".join(f"{key} names the column {column!r}" for key, column in missing)
        raise InputError(
            f"{config.origin}: {wrong}, which the records do not have. Columns available: {', '.join(available)}"
        )
    if not kept:
        raise InputError(
            f"{config.origin}: none of the attributes' columns is in the records. Columns: {', '.join(available)}"
        )
    country = config.country if config.country in have else None
    exclude = tuple(c for c in config.exclude if c in have)
    return config.model_copy(update={"attributes": kept, "country": country, "exclude": exclude})
