"""Put the real sample files where a night's exports lie, so that the command lines can be tried on them.

    python tests/integration/connectors/deliver_samples.py ../shared/samples .journeyline/samples/exports

Which file feeds which object: sample_files/<platform>.yml. `make samples` pulls and lists them.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from pathlib import Path

from sample_mapping import mappings

NIGHT = dt.date(2025, 5, 12)


def deliver(samples: Path, exports: Path) -> int:
    """Copy every file that holds rows below `exports`; returns how many."""
    count = 0
    for found in mappings().values():
        for entry in found.entries:
            for path in entry.paths(samples):
                target = exports / entry.target(path, NIGHT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                count += 1
    return count


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    if not source.is_dir():
        sys.exit(f"The sample files are not here: {source}")
    sys.stdout.write(f"{deliver(source, target)} files put below {target} for the night {NIGHT}\n")
