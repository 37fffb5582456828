"""Parquet files as documents: every record, nested or not, becomes one JSON text, so that paths work as in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from connectors.errors import FileRejectedError
from connectors.parsing.blocks import DocumentBlock

if TYPE_CHECKING:
    from connectors.parsing.source import Source

_ROWS = 10_000  # records at once


def parquet_blocks(source: Source) -> Iterator[DocumentBlock]:
    """Blocks of records as JSON texts. Times are written with their zone, or without one where they have none.

    Raises FileRejectedError when the file is no Parquet file, or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(source.path, memory_map=True) as file:
            for batch in file.iter_batches(batch_size=_ROWS):
                if not batch.num_rows:
                    continue
                source.connection.register("records", pa.Table.from_batches([batch]))
                docs = source.connection.sql("select to_json(r)::varchar as doc from records as r").to_arrow_table()
                lines = np.arange(number + 1, number + 1 + batch.num_rows)
                number += batch.num_rows
                yield DocumentBlock(docs["doc"].combine_chunks(), lines)
    except (pa.ArrowInvalid, OSError):
        raise FileRejectedError(
            f"{source.where}: the file {source.name} is no Parquet file, or is cut off or damaged. Nothing of it was"
            " loaded. Ask for it again, and pull this export date again."
        ) from None
