"""When a drop is complete, and which of its files count: markers, manifests, re-delivered reports.

A drop is what lies for one object and one export date. It is read only when it is complete: an exporter that writes a
marker (`_SUCCESS`) or a manifest says so itself. Files that are still being written are never read.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.errors import IncompleteDropError
from connectors.manifests import CHECKSUM_FILES, ManifestEntry, read_manifest
from connectors.places.base import UNKNOWN_SIZE, ExportFile, Place, filled, is_data, is_wild, joined, matcher

if TYPE_CHECKING:
    from connectors.contracts import ExportObject
    from connectors.forms import FileForm

log = logging.getLogger(__name__)


class Delivery(BaseModel):
    """How the exporter says that a drop is complete; in a contract's object, or in sources.yml for an installation.

    marker          name of a file that is written last, such as _SUCCESS; with a / a path below the platform's folder
    manifest        name of a file that lists the drop's files with size, sha256 and row counts (JSON, or the text of
                    sha256sum); with a / a path below the platform's folder; {date} works in both
    newest_by       where a file's name says when it was made: a regular expression with the group `created`. Of files
                    whose names differ in that only, the newest counts
    look_back_days  list this many earlier dates too, and land what came late or was delivered again
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    marker: str | None = None
    manifest: str | None = None
    newest_by: str | None = None
    look_back_days: int = Field(default=0, ge=0, le=400)

    @field_validator("marker", "manifest")
    @classmethod
    def _inside(cls, value: str | None) -> str | None:
        if value is not None and (not value or value.startswith("/") or ".." in value.split("/") or "\\" in value):
            raise ValueError("must stay inside the platform's folder; write a name, like _SUCCESS or manifest.json")
        return value

    @field_validator("newest_by")
    @classmethod
    def _names_created(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                compiled = re.compile(value)
            except re.error as error:
                raise ValueError(f"is no regular expression ({error}); write one like _(?P<created>\\d+)") from None
            if "created" not in compiled.groupindex:
                raise ValueError("has no group named created; write one like _(?P<created>\\d{8}T\\d{6}Z)")
        return value

    def over(self, other: Delivery) -> Delivery:
        """This, with what it leaves open taken from the other."""
        return other.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


@dataclass(frozen=True, slots=True)
class Drop:
    """One object's files of one date, complete.

    files     the files to read, each with the form it is of, sorted by path
    rows      path → rows that the manifest promises
    left_out  paths of files that do not count: not in the manifest, or superseded by a newer one
    """

    files: tuple[tuple[ExportFile, FileForm], ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def is_known(self, judged: Mapping[str, tuple[str | None, int]] | None) -> bool:
        """Whether these are the very files of a batch that was read before.

        judged: path → (version, size) as the ledger has them. Without a version the size has to do.
        """
        if judged is None or set(judged) != {file.path for file, _ in self.files}:
            return False
        return all(
            version == file.version if version and file.version else size == file.size_bytes
            for file, _ in self.files
            for version, size in [judged[file.path]]
        )


def collect(
    place: Place, platform: str, export: ExportObject, delivery: Delivery, date: dt.date,
    patterns: Sequence[str] | None = None,
) -> Drop:  # fmt: skip
    """The object's complete drop of a date; without files when nothing has come.

    patterns: where this installation's files lie, one per form of the contract; default the contract's own.
    Raises IncompleteDropError when something has come but not all, and the place's errors.
    """
    found: dict[str, tuple[ExportFile, FileForm]] = {}
    folders: dict[str, None] = {}
    own_files = {delivery.marker or "", delivery.manifest or ""}
    patterns = patterns or [form.pattern for form in export.files]
    wanted = [matcher(filled(pattern, date)) for pattern in patterns]
    for form, pattern in zip(export.files, patterns, strict=True):
        folder = filled(pattern, date).rpartition("/")[0]
        if not is_wild(folder):
            folders[folder] = None
        for file in place.find(platform, pattern, date):
            folders[file.folder] = None
            if is_data(file.name) and file.name not in own_files and not CHECKSUM_FILES.fullmatch(file.name):
                found.setdefault(file.path, (file, form))
    files = [found[path] for path in sorted(found)]
    if delivery.marker:
        _demand_marker(place, platform, export.name, delivery.marker, date, folders, files)
    drop = Drop(tuple(files))
    entries: dict[str, ManifestEntry] = {}
    if delivery.manifest:
        drop, entries = _by_manifest(place, platform, export.name, delivery.manifest, date, folders, drop, wanted)
    return _newest(drop, delivery.newest_by, entries)


def _beside(folder: str, name: str, date: dt.date) -> str:
    """Path of a marker or manifest: in the folder of the files, or where it says itself."""
    return filled(name, date) if "/" in name else joined(folder, filled(name, date))


def _literal(path: str) -> str:
    """A path as a pattern that fits this path only."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def _demand_marker(
    place: Place, platform: str, name: str, marker: str, date: dt.date, folders: dict[str, None],
    files: list[tuple[ExportFile, FileForm]],
) -> None:  # fmt: skip
    for folder in folders:
        inside = [file for file, _ in files if file.folder == folder]
        path = _beside(folder, marker, date)
        if inside and not place.find(platform, _literal(path), date):
            raise IncompleteDropError(
                f"{platform}.{name}: {folder} has {len(inside)} files, but no {marker} yet: the delivery is not"
                " complete, and nothing of it was read. Pull this date again when the exporter has finished."
            )


def _by_manifest(
    place: Place,
    platform: str,
    name: str,
    manifest: str,
    date: dt.date,
    folders: dict[str, None],
    drop: Drop,
    wanted: Sequence[re.Pattern[str]],
) -> tuple[Drop, dict[str, ManifestEntry]]:
    """The files that manifests list, with their checksums; the others are left out."""
    kept: list[tuple[ExportFile, FileForm]] = []
    entries: dict[str, ManifestEntry] = {}
    by_path = {file.path: (file, form) for file, form in drop.files}
    paths = dict.fromkeys(_beside(folder, manifest, date) for folder in folders)
    for path in paths:
        folder = path.rpartition("/")[0]
        near = [found for found in by_path if "/" in manifest or found.startswith(f"{folder}/") or not folder]
        documents = place.find(platform, _literal(path), date)
        if not documents:
            if near:
                raise IncompleteDropError(
                    f"{platform}.{name}: {len(near)} files have come, but no {path} yet: the"
                    " delivery is not complete, and nothing of it was read. Pull this date again later."
                )
            continue
        listed = read_manifest(place, documents[0])
        for entry in listed:
            file_path = _fitting(entry.path, folder, by_path)
            if file_path is not None:
                kept.append(by_path[file_path])
                entries[file_path] = entry
        kept_entries = {id(entry) for entry in entries.values()}
        missing = [e.path for e in listed if id(e) not in kept_entries and _is_ours(e.path, folder, wanted)]
        if missing:
            raise IncompleteDropError(
                f"{platform}.{name}: {len(missing)} of {len(listed)} files that {path} lists are not there yet"
                f" ({missing[0]}). Pull this date again when the delivery is complete."
            )
    checked = [(_checked(platform, name, file, entries[file.path]), form) for file, form in kept]
    left_out = tuple(sorted(set(by_path) - {file.path for file, _ in checked}))
    if left_out:
        log.info("%s.%s: %d files are not in the manifest and left out", platform, name, len(left_out))
    rows = {path: entry.rows for path, entry in entries.items() if entry.rows is not None}
    return Drop(tuple(sorted(checked, key=lambda pair: pair[0].path)), rows, left_out), entries


def _fitting(listed: str, folder: str, by_path: dict[str, tuple[ExportFile, FileForm]]) -> str | None:
    """The found file that a manifest's entry means: by its path below the manifest, or by a longer or shorter one."""
    for path in (joined(folder, listed), listed):
        if path in by_path:
            return path
    return next((path for path in by_path if listed.endswith("/" + path)), None)


def _is_ours(listed: str, folder: str, wanted: Sequence[re.Pattern[str]]) -> bool:
    """Whether an entry is of this object: a manifest may list the files of others too."""
    parts = joined(folder, listed).split("/")
    tails = [joined(folder, listed), *("/".join(listed.split("/")[start:]) for start in range(listed.count("/") + 1))]
    return is_data(parts[-1]) and any(pattern.fullmatch(tail) for pattern in wanted for tail in tails)


def _checked(platform: str, name: str, file: ExportFile, entry: ManifestEntry) -> ExportFile:
    """The file with the manifest's checksum. Raises IncompleteDropError when its size is another."""
    if entry.size_bytes is not None and file.size_bytes not in (UNKNOWN_SIZE, entry.size_bytes):
        raise IncompleteDropError(
            f"{platform}.{name}: {file.path} has {file.size_bytes:,} bytes, the manifest says {entry.size_bytes:,}: it"
            " is still being written, or was cut off. Pull this date again when the delivery is complete."
        )
    return replace(file, sha256=entry.sha256 or file.sha256)


def _newest(drop: Drop, newest_by: str | None, entries: dict[str, ManifestEntry]) -> Drop:
    """The drop without files that a newer one replaces: same name but for the time, or same span in the manifest."""
    pattern = re.compile(newest_by) if newest_by else None
    best: dict[tuple[str, ...], tuple[str, str]] = {}
    ranked: dict[str, tuple[str, ...]] = {}
    for file, form in drop.files:
        entry, found = entries.get(file.path), pattern.search(file.name) if pattern else None
        if found is not None:
            start, end = found.span("created")
            group: tuple[str, ...] = (file.folder, file.name[:start], file.name[end:])
            created = found["created"]
        elif entry is not None and entry.created and entry.window:
            group, created = (form.pattern, *entry.window), entry.created
        else:
            continue
        ranked[file.path] = group
        best[group] = max(best.get(group, ("", "")), (re.sub(r"\D", "", created), file.path))
    old = {path for path, group in ranked.items() if best[group][1] != path}
    if not old:
        return drop
    log.info("%d files are left out: a newer one covers the same", len(old))
    files = tuple((file, form) for file, form in drop.files if file.path not in old)
    rows = {path: count for path, count in drop.rows.items() if path not in old}
    return Drop(files, rows, tuple(sorted({*drop.left_out, *old})))


def row_mismatch(platform: str, name: str, drop: Drop, read: Mapping[str, int]) -> str | None:
    """What is wrong with the rows that were read, measured by the manifest; None when all is well.

    Compared where a row of the object is a record of the file: not where a document's lists are rows, or where
    documents of other objects share the file.
    """
    forms = {file.path: form for file, form in drop.files}
    for path, promised in sorted(drop.rows.items()):
        form = forms[path]
        if any(getattr(form, key, None) for key in ("rows", "nested_rows", "where", "only", "members")):
            continue
        if read[path] != promised:
            return (
                f"{platform}.{name}: {path} has {read[path]:,} rows, the manifest says {promised:,}. Nothing of it was"
                " promoted; ask for a new delivery, or for a manifest that fits."
            )
    return None
