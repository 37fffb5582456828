"""pull: land → audit → promote. The steps are functions of their own, so that a scheduler can run them one by one."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.contracts import table_spec
from connectors.landing import LandedBatch, land

if TYPE_CHECKING:
    from warehouse import Batch

log = logging.getLogger(__name__)
_DONE = {"promoted", "repeated", "missing"}


@dataclass(frozen=True, slots=True)
class PullOutcome:
    """What became of a platform's batches.

    statuses  batch id → status now in the ledger
    refused   ids of batches that were rejected, or that failed
    counts    rows (and batches) by what became of them, for logs and XCom
    message   one line per refused batch, in plain words; empty when there is none
    warnings  one line per batch that is not as expected without being refused: no file came, or stored rows were kept
              because rows of the same part were rejected
    missing   objects of which no file came
    failed    objects that failed by infrastructure: another try may help
    """

    statuses: dict[int, str]
    refused: tuple[int, ...]
    counts: dict[str, int]
    message: str
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.refused


def pull(platform: str, export_date: dt.date | str, exports: str | None = None) -> PullOutcome:
    """Everything between a platform's export files and audited raw tables. Bad batches stop themselves only."""
    batches = land(platform, export_date, exports)
    return audit_and_promote([batch.batch_id for batch in batches])


def audit_and_promote(batch_ids: int | Sequence[int]) -> PullOutcome:
    """Audit landed batches and promote those that pass; the others are rejected in the ledger. Safe to repeat."""
    from warehouse.sessions import shared_session

    ids = [batch_ids] if isinstance(batch_ids, int) else list(batch_ids)
    with shared_session():
        return _audit_and_promote(ids)


def _audit_and_promote(ids: list[int]) -> PullOutcome:
    import expectations
    import warehouse

    landed = [i for i in ids if warehouse.read_batch(i).status in ("landed", "audited")]
    if landed:
        expectations.audit_batches(landed, raise_on_fail=False)
    for batch_id in landed:
        batch = warehouse.read_batch(batch_id)
        if batch.status != "audited":
            continue
        try:
            warehouse.promote(batch_id, table_spec(batch.platform, batch.object))
        except warehouse.WarehouseError as error:
            log.error("%s", error)
            warehouse.fail_batch(batch_id, str(error))
    return _outcome([warehouse.read_batch(i) for i in ids])


def _outcome(batches: list[Batch]) -> PullOutcome:
    refused = [batch for batch in batches if batch.status not in _DONE]
    counts = {
        "batches": len(batches),
        "refused": len(refused),
        "missing": sum(batch.status == "missing" for batch in batches),
        "repeated": sum(batch.status == "repeated" for batch in batches),
        **{
            name: sum(getattr(batch, name) for batch in batches)
            for name in (
                "rows_read",
                "rows_inserted",
                "rows_updated",
                "rows_unchanged",
                "rows_duplicate",
                "rows_rejected",
            )
        },
    }
    absent = [batch for batch in batches if batch.status == "missing"]
    kept = [f"{batch.label} is promoted: {batch.reason}" for batch in batches if _is_remarked(batch)]
    for warning in kept:  # a missing export is the caller's to report: once, where people look
        log.warning("%s", warning)
    warnings = (*(f"{batch.label} is missing: {batch.reason}" for batch in absent), *kept)
    lines = [f"{batch.label} is {batch.status}: {batch.reason or 'no reason given'}" for batch in refused]
    return PullOutcome(
        {batch.batch_id: batch.status for batch in batches},
        tuple(b.batch_id for b in refused),
        counts,
        "\n".join(lines),
        warnings,
        tuple(batch.object for batch in absent),
        tuple(batch.object for batch in batches if batch.status == "failed"),
    )


def _is_remarked(batch: Batch) -> bool:
    return bool(batch.reason) and batch.status == "promoted"


__all__ = ["LandedBatch", "PullOutcome", "audit_and_promote", "pull"]
