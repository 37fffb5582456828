"""land: one platform's exports of one date → landing tables and the batch ledger, object by object."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.apis.place import ApiPlace
from connectors.contracts import ExportObject, FileForm, PlatformContract, load_contract, spec_of
from connectors.errors import ApiAccessError, ConnectorsError, FileRejectedError, UnsafePathError
from connectors.fetching import FetchedFile, fetch
from connectors.parsing.source import Source, open_sources
from connectors.places import ExportFile, Place, open_place

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LandedBatch:
    """What became of one object's files. status as in ops.batch_ledger: landed, rejected, failed, repeated, missing."""

    batch_id: int
    platform: str
    object: str
    export_date: dt.date
    status: str
    rows_read: int = 0
    rows_landed: int = 0
    rows_rejected: int = 0
    reason: str | None = None


def as_date(value: dt.date | str) -> dt.date:
    """A date, or its ISO spelling, as a date. Raises ConnectorsError."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise ConnectorsError(f"{value!r} is no date; write it like 2026-01-31.") from None


def land(platform: str, export_date: dt.date | str, exports: str | Place | None = None) -> list[LandedBatch]:
    """Fetch, parse and land every object of a platform. A broken object never stops the others.

    exports: folder (or address) of the exports, api://<connection> for the vendor's API, or a place; default the
    settings' folder. Raises ContractError only.
    """
    contract, date = load_contract(platform), as_date(export_date)
    place = _place(exports)
    objects = [o for o in contract.objects.values() if not isinstance(place, ApiPlace) or place.serves(platform, o)]
    from warehouse.sessions import shared_session

    with shared_session():
        batches = [batch for export in objects if (batch := _land_object(contract, export, date, place))]
    if isinstance(place, ApiPlace):
        place.landed(platform, date)
    return batches


def _place(exports: str | Place | None) -> Place:
    if exports is None or isinstance(exports, str):
        return ApiPlace(exports[6:]) if exports and exports.startswith("api://") else open_place(exports)
    return exports


def _land_object(contract: PlatformContract, export: ExportObject, date: dt.date, place: Place) -> LandedBatch | None:
    import warehouse

    platform = contract.platform
    refused = broken = None
    found: list[tuple[ExportFile, FileForm]] = []
    try:
        found = _find(place, platform, export, date)
    except (UnsafePathError, ApiAccessError) as error:
        refused = f"{platform}.{export.name}: {error}"
    except ConnectorsError as error:
        broken = f"{platform}.{export.name}: {error}"
    pulled = isinstance(place, ApiPlace)  # then no page means that there is nothing new
    if export.optional and not found and not (refused or broken or pulled):
        return None
    _supersede(platform, export.name, date)
    batch_id = warehouse.open_batch(platform, export.name, date, contract.hash)
    if refused:
        warehouse.reject_batch(batch_id, refused)
    elif broken:
        log.warning("%s", broken)
        warehouse.fail_batch(batch_id, broken)
    elif not found and not pulled:
        warehouse.ensure_tables(spec_of(platform, export))  # staging reads the table, empty or not
        where = " or ".join(place.describe(platform, form.pattern, date) for form in export.files)
        reason = f"There is no file at {where}. If the export is late, pull this date again when it has come."
        warehouse.miss_batch(batch_id, reason)
    else:
        _attempt(contract, export, date, place, batch_id, found)
    return _summary(batch_id)


def _find(place: Place, platform: str, export: ExportObject, date: dt.date) -> list[tuple[ExportFile, FileForm]]:
    """Files of all forms; a file that fits several patterns is read by the first of them."""
    forms: dict[str, tuple[ExportFile, FileForm]] = {}
    for form in export.files:
        for file in place.find(platform, form.pattern, date):
            forms.setdefault(file.path, (file, form))
    return [forms[path] for path in sorted(forms)]


def _supersede(platform: str, object: str, date: dt.date) -> None:
    """Close attempts that never came to an end, so that no rows of theirs stay behind in landing."""
    import warehouse

    for batch in warehouse.read_batches(date, platform):
        if batch.object == object and batch.status in ("open", "landed", "audited"):
            warehouse.fail_batch(batch.batch_id, "A newer attempt took its place before it was promoted.")


def _attempt(
    contract: PlatformContract, export: ExportObject, date: dt.date, place: Place, batch_id: int,
    found: list[tuple[ExportFile, FileForm]],
) -> None:  # fmt: skip
    """Land one object's files; whatever goes wrong ends in the ledger."""
    import warehouse

    platform = contract.platform
    try:
        home = warehouse.settings().home
        fetched = [(fetch(place, file, export.name, date, home), form) for file, form in found]
        warehouse.record_files(batch_id, [_ledger_file(file) for file, _ in fetched])
        repeated = warehouse.find_repeat(platform, export.name, date, [file.sha256 for file, _ in fetched])
        if repeated is not None:
            warehouse.repeat_batch(
                batch_id, f"The same files were promoted by batch {repeated}: there is nothing to do."
            )
            return
        warehouse.ensure_tables(spec_of(platform, export))
        if isinstance(place, ApiPlace):
            warehouse.propose_cursors(batch_id, place.cursors(platform, export, date))
            export = export.model_copy(update={"empty": "allowed"})  # a night in which nothing changed
        _load(platform, export, date, batch_id, fetched)
    except (FileRejectedError, UnsafePathError) as error:
        warehouse.reject_batch(batch_id, str(error))
    except (ConnectorsError, warehouse.WarehouseError) as error:
        log.warning("%s.%s %s failed: %s", platform, export.name, date, error)
        warehouse.fail_batch(batch_id, str(error))
    except OSError as error:
        warehouse.fail_batch(batch_id, f"{platform}.{export.name}: reading or storing files failed: {error.strerror}.")
    except Exception as error:
        # A defect of ours. Its text may quote values, so the ledger gets its kind only, the log its place in the code.
        place_in_code = _innermost(error)
        log.error("%s.%s %s: %s at %s", platform, export.name, date, type(error).__name__, place_in_code)
        warehouse.fail_batch(
            batch_id, f"{platform}.{export.name}: unexpected {type(error).__name__} at {place_in_code}."
        )


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    where = "unknown"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "connectors" in code.co_filename or "warehouse" in code.co_filename:
            where = f"{code.co_filename.rsplit('/', 2)[-2]}/{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return where


def _ledger_file(file: FetchedFile, rows: int | None = None) -> dict[str, object]:
    return {
        "file_name": file.file_name, "landed_path": file.landed_path, "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "rows_read": rows,
    }  # fmt: skip


def _load(
    platform: str, export: ExportObject, date: dt.date, batch_id: int, fetched: list[tuple[FetchedFile, FileForm]]
) -> None:
    import warehouse

    def sink(table: pa.Table) -> None:
        warehouse.record_rejects(batch_id, table)

    opened = [
        (file, open_sources(platform, export, form, file.path, file.file_name, sink, export_date=date))
        for file, form in fetched
    ]
    sources = [source for _, found in opened for source in found]

    def stream() -> Iterator[pa.RecordBatch]:
        for source in sources:
            yield from source.batches()

    landed = warehouse.load_batch(batch_id, spec_of(platform, export), stream())
    rows = sum(source.rows_read for source in sources)
    warehouse.record_files(batch_id, [_ledger_file(file, sum(s.rows_read for s in found)) for file, found in opened])
    unknown = sorted({name for source in sources for name in source.unknown})
    if unknown:
        log.info("%s.%s: %d columns are not in the contract, kept in _extra", platform, export.name, len(unknown))
    if rows and not landed:
        warehouse.reject_batch(batch_id, _all_rejected(platform, export, rows, sources))
    elif not rows and export.empty == "rejected":
        names = ", ".join(source.name for source in sources)
        warehouse.reject_batch(
            batch_id,
            f"{platform}.{export.name}: {names} has a header but no rows. Ask whether the export was complete; if"
            f" nights without rows are normal, write empty: allowed in connectors/contracts/{platform}.yml.",
        )
    else:
        warehouse.mark_landed(batch_id, rows)


def _all_rejected(platform: str, export: ExportObject, rows: int, sources: list[Source]) -> str:
    reasons: Counter[str] = Counter()
    for source in sources:
        for (_, reason), count in source.rejects.reasons.items():
            reasons[reason] += count
    most = "; ".join(f"{reason} ({count:,} rows)" for reason, count in reasons.most_common(3))
    return (
        f"{platform}.{export.name}: not one of {rows:,} rows could be used: {most}. The platform may have changed"
        " its format, or the file is of another object: compare it with the contract"
        f" (python -m connectors check {platform}.{export.name} FILE)."
    )


def _summary(batch_id: int) -> LandedBatch:
    import warehouse

    batch = warehouse.read_batch(batch_id)
    return LandedBatch(
        batch.batch_id, batch.platform, batch.object, batch.export_date, batch.status, batch.rows_read,
        batch.rows_landed,
        batch.rows_rejected, batch.reason,
    )  # fmt: skip
