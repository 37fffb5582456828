"""Exports in object storage, through the fsspec file system of its kind (see s3.py, gcs.py, azure.py).

Read by ranges of a few megabytes: memory stays bounded, and a lost connection costs one range.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from connectors.errors import CredentialsError, PlaceError
from connectors.places.base import ExportFile, checked_path, filled, fixed_part, joined, matcher
from connectors.places.retrying import ResumingStream, RetryPolicy, TransientPlaceError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

log = logging.getLogger(__name__)
RANGE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Storage:
    """What differs between kinds of storage.

    open          makes the fsspec file system; called once, when it is first needed
    version_keys  keys of a listing's entry that change with the content, best first
    refused       names of exceptions that mean: these credentials do not do
    missing       names of exceptions that mean: no such bucket or object
    status        HTTP status of an exception of the client library, if it has one
    asks_for_bucket  the library gives an empty list for a bucket that does not exist: ask whether it does
    """

    open: Callable[[], AbstractFileSystem]
    version_keys: tuple[str, ...]
    refused: tuple[str, ...] = ()
    missing: tuple[str, ...] = ("FileNotFoundError",)
    status: Callable[[BaseException], int | None] = lambda error: None
    asks_for_bucket: bool = False


class ObjectPlace:
    """A bucket (container), or a prefix of it, as a place of exports.

    address: how it was named, for messages; bucket and prefix: where; folder: of the platform, None = its name.
    """

    def __init__(
        self, storage: Storage, address: str, bucket: str, prefix: str = "", folder: str | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:  # fmt: skip
        self._storage, self._address, self._bucket, self._prefix = storage, address.rstrip("/"), bucket, prefix
        self._folder, self._policy = folder, policy or RetryPolicy()
        self._opened: AbstractFileSystem | None = None

    def find(self, platform: str, pattern: str, export_date: dt.date) -> list[ExportFile]:
        wanted = filled(pattern, export_date)
        base = self._base(platform)
        folder, _, stem = joined(base, fixed_part(wanted)).rpartition("/")
        if wanted.startswith(("*", "?", "[")) or fixed_part(wanted).endswith("/"):
            folder, stem = joined(folder, stem), ""
        entries = self._call(lambda fs: self._list(fs, folder, stem), self.describe(platform, pattern, export_date))
        fits = matcher(joined(base, wanted))
        found = []
        for name, entry in entries.items():
            key = str(name).removeprefix("/").removeprefix(f"{self._bucket}/")
            if fits.fullmatch(key) and not key.endswith("/"):
                path = checked_path(key.removeprefix(f"{base}/") if base else key)
                found.append(ExportFile(platform, path, int(entry.get("size") or 0), self._version(entry)))
        return sorted(found, key=lambda file: file.path)

    def open(self, file: ExportFile) -> BinaryIO:
        path = checked_path(file.path)
        return cast("BinaryIO", ResumingStream(lambda offset: self._ranges(file, path, offset), self._policy, path))

    def describe(self, platform: str, pattern: str, export_date: dt.date) -> str:
        folder = platform if self._folder is None else self._folder
        return joined(self._address, folder, filled(pattern, export_date))

    def close(self) -> None:
        """Connections are closed by the client library when the file system is collected."""
        self._opened = None

    def _base(self, platform: str) -> str:
        return joined(self._prefix, platform if self._folder is None else self._folder)

    def _list(self, fs: AbstractFileSystem, folder: str, stem: str) -> dict[str, dict[str, Any]]:
        """Entries below folder whose names begin with stem; the file system is asked for these only."""
        # A prefix that is never empty: without one a missing folder would cost more calls, or be taken for a file.
        where = f"{self._bucket}/{folder}".rstrip("/")
        head, _, tail = folder.rpartition("/")
        if not stem and folder:
            where, stem = f"{self._bucket}/{head}".rstrip("/"), f"{tail}/"
        found = fs.find(where, detail=True, withdirs=False, **({"prefix": stem} if stem else {}))
        if not found and self._storage.asks_for_bucket and not fs.exists(self._bucket):
            raise FileNotFoundError
        return {name: entry for name, entry in dict(found).items() if entry.get("type") == "file"}

    def _version(self, entry: dict[str, Any]) -> str:
        return next((str(entry[key]).strip('"') for key in self._storage.version_keys if entry.get(key)), "")

    def _ranges(self, file: ExportFile, path: str, offset: int) -> Iterator[bytes]:
        key = joined(self._bucket, self._base(file.platform), path)
        while offset < file.size_bytes:
            start, end = offset, min(file.size_bytes, offset + RANGE_BYTES)
            chunk = self._once(partial(_range, key, start, end), path)
            if len(chunk) != end - start:
                raise TransientPlaceError(f"{path}: {self._address} sent {len(chunk)} of {end - start} bytes.")
            yield chunk
            offset = end
        if file.size_bytes > RANGE_BYTES and file.version:
            entry = self._once(lambda fs: fs.info(key, refresh=True), path)
            if self._version(entry) != file.version:
                raise PlaceError(f"{path}: was written again while it was read. Pull this date again.")

    def _call(self, call: Callable[[AbstractFileSystem], Any], what: str) -> Any:
        return self._policy.run(lambda: self._once(call, what))

    def _once(self, call: Callable[[AbstractFileSystem], Any], what: str) -> Any:
        try:
            if self._opened is None:
                self._opened = self._storage.open()
            return call(self._opened)
        except (PlaceError, CredentialsError):
            raise
        except Exception as error:  # each client library has its own family; their texts may quote signed addresses
            raise self._explained(error, what) from None

    def _explained(self, error: BaseException, what: str) -> Exception:
        chain, cause = [error], error.__cause__ or error.__context__
        while cause is not None and len(chain) < 6:
            chain.append(cause)
            cause = cause.__cause__ or cause.__context__
        kinds = {kind.__name__ for link in chain for kind in type(link).__mro__}
        status = next((found for link in chain if (found := self._storage.status(link))), None)
        shown = f"{type(error).__name__}{f', HTTP {status}' if status else ''}"
        if status in (401, 403) or "PermissionError" in kinds or kinds & set(self._storage.refused):
            return CredentialsError(
                f"{self._address}: access was refused ({shown}). Check the connection of this source, and its right to"
                " list and read."
            )
        if status in (400, 404) or kinds & set(self._storage.missing):
            return PlaceError(f"{what}: there is no such bucket or object ({shown}). Check the address of this source.")
        return TransientPlaceError(f"{what}: the storage did not answer as it should ({shown}).")


def _range(key: str, start: int, end: int, fs: AbstractFileSystem) -> bytes:
    return bytes(fs.cat_file(key, start=start, end=end))
