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
from connectors.deliveries import Drop, collect, row_mismatch
from connectors.errors import ApiAccessError, ConnectorsError, CredentialsError, FileRejectedError, UnsafePathError
from connectors.fetching import FetchedFile, fetch
from connectors.parsing.source import Source, open_sources
from connectors.places import Place
from connectors.places.retrying import TransientPlaceError
from connectors.sources import Source as PlatformSource
from connectors.sources import source_at, source_of

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

    exports: folder (or address) of the exports, api://<connection> for the vendor's API, or a place; default: where
    this installation's sources say. Earlier dates that `look_back_days` of a delivery names are listed too; what came
    late or was delivered again lands as a batch of its own date. Raises ContractError, SourcesError only.
    """
    contract, date = load_contract(platform), as_date(export_date)
    if exports is None or isinstance(exports, str):
        source = source_of(platform) if exports is None else source_at(platform, exports)
        place = source.open()
    else:
        source, place = PlatformSource(platform, "given"), exports
    objects = [o for o in contract.objects.values() if not isinstance(place, ApiPlace) or place.serves(platform, o)]
    from warehouse.sessions import shared_session

    with shared_session():
        batches = _land_late(contract, objects, date, source, place)
        down: list[ConnectorsError] = []
        landed = [_land_object(contract, export, date, source, place, down=down) for export in objects]
        batches += [batch for batch in landed if batch is not None]
    if isinstance(place, ApiPlace):
        place.landed(platform, date)
    if place is not exports:
        place.close()
    return batches


def _land_late(
    contract: PlatformContract, objects: list[ExportObject], date: dt.date, source: PlatformSource, place: Place
) -> list[LandedBatch]:
    """Earlier dates' files that are new or changed since they were last read, oldest date first.

    Compared by what the place says of them (ETag, time of change, size): what was judged before is not read again.
    """
    import warehouse

    days = {
        export.name: 0 if isinstance(place, ApiPlace) else source.delivery_of(export).look_back_days
        for export in objects
    }
    oldest = date - dt.timedelta(max(days.values(), default=0))
    if oldest == date:
        return []
    known = warehouse.judged_files(contract.platform, oldest, date)
    batches = []
    for back in range((date - oldest).days, 0, -1):
        earlier = date - dt.timedelta(back)
        for export in objects:
            if back > days[export.name]:
                continue
            try:
                drop = collect(place, contract.platform, export, source.delivery_of(export), earlier,
                               source.patterns_of(export))  # fmt: skip
            except ConnectorsError as error:
                log.warning("%s.%s %s, looking back: %s", contract.platform, export.name, earlier, error)
                continue
            if drop.files and not drop.is_known(known.get((export.name, earlier))):
                log.info("%s.%s: new or changed files of %s", contract.platform, export.name, earlier)
                batch = _land_object(contract, export, earlier, source, place, drop)
                batches += [batch] if batch else []
    return batches


def _land_object(
    contract: PlatformContract, export: ExportObject, date: dt.date, source: PlatformSource, place: Place,
    found: Drop | None = None, down: list[ConnectorsError] | None = None,
) -> LandedBatch | None:  # fmt: skip
    """One object's files of one date. found: its drop, where that was listed before.

    down: what showed that the place as a whole cannot be read. It is not asked again for the other objects, and those
    that need not come are left out then.
    """
    import warehouse

    platform = contract.platform
    refused = broken = None
    drop, patterns = found or Drop(), source.patterns_of(export)
    try:
        if down:
            if export.optional:
                return None
            raise down[0]
        drop = found or collect(place, platform, export, source.delivery_of(export), date, patterns)
    except (UnsafePathError, ApiAccessError) as error:
        refused = f"{platform}.{export.name}: {error}"
    except ConnectorsError as error:
        broken = f"{platform}.{export.name}: {error}"
        if down is not None and isinstance(error, CredentialsError | TransientPlaceError):
            down.append(error)
    pulled = isinstance(place, ApiPlace)  # then no page means that there is nothing new
    if isinstance(place, ApiPlace) and not (drop.files or refused or broken):
        pulled = not export.optional or bool(place.cursors(platform, export, date))
    if export.optional and not drop.files and not (refused or broken or pulled):
        return None
    _supersede(platform, export.name, date)
    batch_id = warehouse.open_batch(platform, export.name, date, contract.hash)
    if refused:
        warehouse.reject_batch(batch_id, refused)
    elif broken:
        if not down or len(down) == 1:  # the place as a whole: said once
            log.warning("%s", broken)
        warehouse.fail_batch(batch_id, broken)
    elif not drop.files and not pulled:
        warehouse.ensure_tables(spec_of(platform, export))  # staging reads the table, empty or not
        where = " or ".join(place.describe(platform, pattern, date) for pattern in patterns)
        reason = f"There is no file at {where}. If the export is late, pull this date again when it has come."
        warehouse.miss_batch(batch_id, reason)
    else:
        _attempt(contract, export, date, place, batch_id, drop)
    return _summary(batch_id)


def _supersede(platform: str, object: str, date: dt.date) -> None:
    """Close attempts that never came to an end, so that no rows of theirs stay behind in landing."""
    import warehouse

    for batch in warehouse.read_batches(date, platform):
        if batch.object == object and batch.status in ("open", "landed", "audited"):
            warehouse.fail_batch(batch.batch_id, "A newer attempt took its place before it was promoted.")


def _attempt(
    contract: PlatformContract, export: ExportObject, date: dt.date, place: Place, batch_id: int, drop: Drop
) -> None:
    """Land one object's files; whatever goes wrong ends in the ledger."""
    import warehouse

    platform = contract.platform
    try:
        home = warehouse.settings().home
        fetched = [(fetch(place, file, export.name, date, home), form) for file, form in drop.files]
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
        _load(platform, export, date, batch_id, fetched, drop)
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
        "size_bytes": file.size_bytes, "rows_read": rows, "source_version": file.source_version or None,
    }  # fmt: skip


def _load(
    platform: str, export: ExportObject, date: dt.date, batch_id: int, fetched: list[tuple[FetchedFile, FileForm]],
    drop: Drop,
) -> None:  # fmt: skip
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
    read = {file.file_name: sum(source.rows_read for source in found) for file, found in opened}
    warehouse.record_files(batch_id, [_ledger_file(file, read[file.file_name]) for file, _ in fetched])
    mismatch = row_mismatch(platform, export.name, drop, read)
    unknown = sorted({name for source in sources for name in source.unknown})
    if unknown:
        log.info("%s.%s: %d columns are not in the contract, kept in _extra", platform, export.name, len(unknown))
    if mismatch:
        warehouse.reject_batch(batch_id, mismatch)
    elif rows and not landed:
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
