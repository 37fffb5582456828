"""The forms in which an object's files come: one entry of a contract's `files`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.paths import steps

_JSON_ONLY = ("line_delimited", "record_path", "where")
_DOCUMENTS_ONLY = ("rows", "nested_rows", "children", "only")
_TEXT_ONLY = ("names", "unquoted", "delimiters")


class FileForm(BaseModel):
    """One form in which an object's files come. Compression (gzip, zstd, zip) is told by content, never written here.

    pattern         path below the platform's folder; {date} = export date, {yyyymmdd} = without dashes; * and ? work
    format          csv, tsv (separated text), json (documents, or one per line: both are recognised) or parquet
    delimiter       of csv; `auto` is not offered on purpose: a changed delimiter should be noticed
    delimiters      of csv, where a vendor writes now the one, now the other: the one that a header has most of counts
    encoding        of text; BOMs and UTF-16 are recognised by themselves
    header          csv, tsv: `first` line; `search`: below some lines about the report, the first line that has all
                    required columns; `none`: cells are told by position, in the order of `names`
    names           csv, tsv without header: the cells' names by position; default: the object's columns in their order
    unquoted        csv, tsv: a quotation mark is a character like any other (Snowplow, database dumps)
    nulls           words that stand for a missing value, such as "NULL"
    set             column → value of every row of this form, where the file gives none
    members         names of the files to read inside a zip archive (* and ? work); or name → what `set` says for them
    line_delimited  json: never try to read the file as one document (one broken line must not cost the file)
    record_path     json: keys that may hold a document's records (list or single object), first present wins
    where           json: top-level key of the document → values; documents with another value belong to other objects
    rows            json, parquet: list inside each record whose elements are the rows; `^.x` is then x of the record.
                    Several: the first one present counts; a single object counts as a list of one
    nested_rows     json, parquet: list inside each record whose elements are rows too, after the record itself
    children        json, parquet: keys of a record that other objects own; neither stored nor kept in _extra
    only            json, parquet: path in the row → values, * and ? work, null = absent; other rows belong to others
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    pattern: str
    format: Literal["csv", "tsv", "json", "parquet"]
    delimiter: str = ","
    delimiters: tuple[str, ...] = ()
    encoding: str = "utf-8"
    header: Literal["first", "search", "none"] = "first"
    names: tuple[str, ...] = ()
    unquoted: bool = False
    nulls: tuple[str, ...] = ()
    set_: dict[str, str] = Field(default_factory=dict, alias="set")
    members: dict[str, dict[str, str]] = Field(default_factory=dict)
    line_delimited: bool = False
    record_path: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    nested_rows: str | None = None
    children: tuple[str, ...] = ()
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    only: dict[str, tuple[str | None, ...]] = Field(default_factory=dict)

    @field_validator("pattern")
    @classmethod
    def _inside(cls, value: str) -> str:
        if value.startswith("/") or ".." in Path(value).parts or "\\" in value:
            raise ValueError("must stay inside the platform's folder; write it like orders/dt={date}/*.csv*")
        if "{date}" not in value and "{yyyymmdd}" not in value:
            raise ValueError("must name the export date; write {date} (2026-01-31) or {yyyymmdd} (20260131) somewhere")
        return value

    @field_validator("rows", "nulls", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        listed = [value] if isinstance(value, str) or value is None else value
        if None in listed:
            raise ValueError('write words in quotes, like ["NULL"]: without them YAML reads nothing at all')
        return listed

    @field_validator("members", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {value: {}}
        return {name: {} for name in value} if isinstance(value, list) else value

    @field_validator("where", "only", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {path: found if isinstance(found, list) else [found] for path, found in value.items()}

    @field_validator("rows", "nested_rows", "only", "where")
    @classmethod
    def _plain_paths(cls, value: Any) -> Any:
        for path in [value] if isinstance(value, str) else value or ():
            if any(not isinstance(step, str) for step in steps(path)):
                raise ValueError(f"{path!r}: selections like [name=email] work for columns only")
        return value

    @field_validator("delimiter", "delimiters")
    @classmethod
    def _one_character(cls, value: Any) -> Any:
        for mark in (value,) if isinstance(value, str) else value:
            if len(mark) != 1 or not mark.isascii() or mark in '"\r\n':
                raise ValueError('must be one plain character such as , or ; or | ("\\t" for tabs)')
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        import codecs

        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"unknown encoding {value!r}; write utf-8, windows-1252, utf-16 …") from None

    @model_validator(mode="after")
    def _fitting(self) -> FileForm:
        allowed = {
            "json": (_JSON_ONLY, _DOCUMENTS_ONLY), "parquet": (_DOCUMENTS_ONLY,), "csv": (_TEXT_ONLY,),
            "tsv": (_TEXT_ONLY,),
        }[self.format]  # fmt: skip
        for group, formats in ((_JSON_ONLY, "json"), (_DOCUMENTS_ONLY, "json or parquet"), (_TEXT_ONLY, "csv or tsv")):
            for name in group:
                if getattr(self, name) and group not in allowed:
                    raise ValueError(f"{name} belongs to format {formats}; remove it, or write format: {formats}")
        if self.header != "first" and self.format not in ("csv", "tsv"):
            raise ValueError("header belongs to format csv or tsv; remove it, or write format: csv")
        if self.names and self.header != "none":
            raise ValueError("names are for files without a header line; write header: none, or remove names")
        if self.members and self.format == "parquet":
            raise ValueError("parquet files inside an archive cannot be read; remove members")
        if self.rows and self.nested_rows:
            raise ValueError("rows and nested_rows exclude each other; keep one")
        return self

    @property
    def separator(self) -> str:
        return "\t" if self.format == "tsv" else self.delimiter

    def fitted_to(self, head: bytes) -> FileForm:
        """This form with that of its delimiters which the first line of a file has most of (of equals the first)."""
        if not self.delimiters:
            return self
        line = head.split(b"\n", 1)[0]
        chosen = max(self.delimiters, key=lambda mark: line.count(mark.encode()))
        return self.model_copy(update={"delimiter": chosen})
