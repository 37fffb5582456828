"""Which sample files feed which object, and how many rows each must give: counted with csv and json, never the parser.

`sample_files/<platform>.yml` (all keys but `objects` may be absent):

    record_path: [orders, order]     # keys of a document that hold its records, list or single; `data` always counts
    objects:
      order:
        - "shopify/shopify_python_api_MIT/order*.json"                  # pattern below the samples folder
        - {files: "…/threads.json", rows: replies.comments}       # rows are the elements of this list of each record
        - {files: "…/comments.json", nested_rows: replies.data}        # the record, then the elements
    streams: {order: orders}               # Airbyte stream(s) of an object: only these lines of a wrapper are its rows
    rejected: {order: {"x.csv": {rows: 2, because: "id is blank"}}}     # file name → rows that must be refused, and why
    other: {"shopify/*/LICENSE": "licence text"}                        # files without export rows, and why

More keys of an entry: `record_path` (instead of the platform's), `where: {kind: [a, b]}` (records with these values),
`skip_lines: 4` (lines before the header), `as: events_20250512.json` (name under which the file is delivered),
`form: 1` (number of the contract's file form it is delivered in; default: the first one that its name fits).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

import connectors
from connectors.places.base import filled

FOLDER = Path(__file__).parent / "sample_files"


@dataclass(frozen=True)
class Entry:
    """Files of one object that are delivered and counted alike."""

    platform: str
    object: str
    files: str
    record_path: tuple[str, ...]
    streams: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.platform}.{self.object}"

    def paths(self, samples: Path) -> list[Path]:
        return sorted(path for path in samples.glob(self.files) if path.is_file())

    def target(self, path: Path, date: Any) -> Path:
        """Where the file lies among the exports: the folder and name that a pattern of the contract asks for."""
        forms = connectors.load_contract(self.platform).objects[self.object].files
        if "form" in self.options:
            forms = (forms[self.options["form"]],)
        candidates = (self.options["as"],) if "as" in self.options else (f"{path.parent.name}_{path.name}", path.name)
        for form in sorted(forms, key=lambda form: not form.pattern.startswith(f"{self.object}/")):
            folder, _, pattern = filled(form.pattern, date).rpartition("/")
            for candidate in candidates:
                if fnmatch(candidate, pattern):
                    return Path(self.platform) / folder.replace("**", "any").replace("*", "any") / candidate
        patterns = ", ".join(form.pattern for form in forms)
        raise AssertionError(f"{self.name}: {path.name} fits none of the contract's patterns ({patterns}); write `as:`")

    def rows(self, path: Path) -> int:
        """Rows of a file, counted the plain way."""
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
        if path.name.removesuffix(".gz").endswith((".csv", ".tsv")):
            return self._separated(text, "\t" if ".tsv" in path.name else ",")
        return sum(1 for record in self._records(text, path.name) for _ in self._rows_of(record))

    def _separated(self, text: str, mark: str) -> int:
        stream = io.StringIO(text, newline="")
        for _ in range(self.options.get("skip_lines", 0)):
            stream.readline()
        reader = csv.reader(stream, delimiter=mark, quoting=csv.QUOTE_NONE if mark == "\t" else csv.QUOTE_MINIMAL)
        return sum(1 for row in reader if row) - (self.options.get("header") != "none")

    def _records(self, text: str, name: str) -> Iterator[dict[str, Any]]:
        if name.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
            documents = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            documents = [json.loads(text)]
        for document in documents:
            if self.streams and document["stream"] not in self.streams:
                continue
            for record in self._inside(document, name):
                if all(at(record, key) in values for key, values in self.options.get("where", {}).items()):
                    yield record

    def _inside(self, document: Any, name: str) -> list[dict[str, Any]]:
        if isinstance(document, list):
            return document
        for key in self.record_path:
            if isinstance(document.get(key), list):
                return document[key]
        for key in self.record_path:
            if isinstance(document.get(key), dict) and (self.streams or len(document) <= 2):
                return [document[key]]
        keyed = [value for key, value in document.items() if isinstance(value, dict) and value.get("id") == key]
        return keyed if keyed and len(keyed) == len(document) else [document]

    def _rows_of(self, record: dict[str, Any]) -> Iterator[Any]:
        rows, nested = self.options.get("rows"), self.options.get("nested_rows")
        if not rows:
            yield record
        if rows or nested:
            yield from at(record, rows or nested) or ()


def at(record: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for step in path.split("."):
        record = record.get(step) if isinstance(record, dict) else None
    return record


@dataclass(frozen=True)
class Mapping:
    """One platform's file, read. rejected: object → file name → (rows, words of the reason)."""

    platform: str
    entries: tuple[Entry, ...]
    rejected: dict[str, dict[str, tuple[int, str]]]
    other: dict[str, str]


_TOP = {"record_path", "objects", "streams", "rejected", "other"}
_ENTRY = {"files", "record_path", "rows", "nested_rows", "where", "header", "skip_lines", "as", "form"}


def read_mapping(path: Path) -> Mapping:
    """Raises AssertionError that names what is wrong with the file."""
    data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    assert set(data) <= _TOP, f"{path.name}: unknown keys {sorted(set(data) - _TOP)}; known are {sorted(_TOP)}"
    record_path = (*data.get("record_path", ()), "data")
    entries = []
    for name, patterns in (data.get("objects") or {}).items():
        streams = data.get("streams", {}).get(name, ())
        for item in [patterns] if isinstance(patterns, str | dict) else patterns:
            options = {"files": item} if isinstance(item, str) else dict(item)
            assert set(options) <= _ENTRY, f"{path.name}: {name}: unknown keys {sorted(set(options) - _ENTRY)}"
            files, own = options.pop("files"), options.pop("record_path", None)
            listed = (streams,) if isinstance(streams, str) else tuple(streams)
            wrapped = files.endswith("expected_records.jsonl")
            assert not (wrapped and not listed), f"{path.name}: {name}: say under `streams` which stream it is"
            entries.append(
                Entry(
                    path.stem, name, files, tuple(own) if own is not None else record_path, listed if wrapped else (),
                    options,
                )
            )  # fmt: skip
    rejected = {
        name: {file: (what["rows"], what["because"]) for file, what in files.items()}
        for name, files in (data.get("rejected") or {}).items()
    }
    return Mapping(path.stem, tuple(entries), rejected, data.get("other") or {})


def mappings() -> dict[str, Mapping]:
    """Every mapping file, by platform. `_no_platform.yml` names files that belong to none."""
    return {path.stem: read_mapping(path) for path in sorted(FOLDER.glob("*.yml"))}
