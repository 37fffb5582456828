"""Record batches on their way into landing: put in order, typed, and made a step ahead of the COPY that sends them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from warehouse.errors import BatchError
from warehouse.specs import LANDED_COLUMNS, POSITION, TableSpec

if TYPE_CHECKING:
    import pyarrow as pa

    from warehouse.batches import Batch

Item = TypeVar("Item")
AHEAD = 2  # record batches that may wait for the COPY: enough to keep both sides busy, little enough for memory


class LandingStream:
    """Iterates over record batches that fit landing exactly: columns in order and typed, the ledger's ones added."""

    def __init__(self, batch: Batch, spec: TableSpec, batches: Iterable[pa.RecordBatch]) -> None:
        import pyarrow as pa

        from warehouse.arrow_types import arrow_type

        kinds = {column.name: column.pg_type for column in spec.columns}
        self.kinds = {**kinds, **LANDED_COLUMNS, POSITION: "bigint"}
        self.schema = pa.schema([pa.field(name, arrow_type(kind)) for name, kind in self.kinds.items()])
        self.batch, self.batches = batch, batches
        self.rows = 0
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from ahead(self._fit(incoming) for incoming in self.batches if incoming.num_rows)
        except Exception as error:  # the driver hides what a reader raises: kept here, raised by load_batch
            self.error = error
            raise

    def _fit(self, incoming: pa.RecordBatch) -> pa.RecordBatch:
        import numpy as np
        import pyarrow as pa

        from warehouse.arrow_types import fit

        unknown = sorted(set(incoming.schema.names) - set(self.kinds))
        if unknown:
            raise BatchError(f"{self.batch.label}: {unknown[0]!r} is not a column of the contract; put it into _extra.")
        count = incoming.num_rows
        start = self.batch.rows_landed + self.rows
        own = {
            "_batch_id": pa.array(np.full(count, self.batch.batch_id)),
            "_export_date": pa.repeat(pa.scalar(self.batch.export_date, pa.date32()), count),
            POSITION: pa.array(np.arange(start, start + count)),
        }
        arrays = []
        for field in self.schema:
            if field.name in own:
                arrays.append(own[field.name])
            elif field.name in incoming.schema.names:
                arrays.append(fit(incoming.column(field.name), self.kinds[field.name], field.name))
            else:
                arrays.append(pa.nulls(count, field.type))
        self.rows += count
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def ahead(items: Iterable[Item], depth: int = AHEAD) -> Iterator[Item]:
    """The same items, made in a thread of their own up to `depth` items ahead, so that making and using them overlap.

    What making raises is raised here, in its place. When the user stops early, making stops after its current item.
    """
    waiting: queue.Queue[tuple[bool, Item | BaseException | None]] = queue.Queue(depth)
    stopped = threading.Event()

    def put(is_item: bool, value: Item | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put((is_item, value), timeout=0.1)
                return
            except queue.Full:
                continue

    def make() -> None:
        end: BaseException | None = None
        iterator = iter(items)
        try:
            for item in iterator:
                put(True, item)
                if stopped.is_set():
                    break
        except BaseException as error:  # whatever it was belongs to the user of the items
            end = error
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()
            put(False, end)

    maker = threading.Thread(target=make, name="journeyline parse", daemon=True)
    maker.start()
    try:
        while True:
            is_item, value = waiting.get()
            if is_item:
                yield value  # type: ignore[misc]
            elif isinstance(value, BaseException):
                raise value
            else:
                return
    finally:
        stopped.set()
        maker.join()
