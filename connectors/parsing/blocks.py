"""Stretches of documents on their way from a file to rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class DocumentBlock:
    """docs: JSON texts; lines: physical line or record number (1-based) of each; whole: the file is one document;
    continued: the records around the rows are rows of an earlier block (a long document's later pieces)."""

    docs: pa.StringArray
    lines: NDArray[np.int64]
    whole: bool = False
    continued: bool = False
