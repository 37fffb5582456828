"""The quality of a proposed run, measured without labels before anybody accepts it; what the identity gate judges.

Figures go to `identity.run_quality`, the worst few behind each to `identity.quality_findings` (ids only). Both stay
when the run is discarded, so that a stopped night can be looked into. Limits and severities are the gate's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resolution.store.quality import QualityReader
from resolution.store.quality_book import save_quality

if TYPE_CHECKING:
    import psycopg

MANY_NAMES = 3
OVERSIZED_CUSTOMER = 100
OVERSIZED_HOUSEHOLD = 8
WORST = 20
"""Findings kept per figure."""
RECORDS_SHOWN = 20

Finding = tuple[str, int, str, str, float, list[str]]


def measure_proposal(run_id: int) -> dict[str, Any]:
    """Measure a proposed run again (the night does it by itself); the figures as stored."""
    import warehouse

    with warehouse.connect(name="resolution quality") as connection:
        return measure(connection, run_id)


def measure(connection: psycopg.Connection[Any], run_id: int) -> dict[str, Any]:
    """Measure a proposed run in the caller's transaction and store what was found; the figures by name."""
    from resolution.identifier_rules import load_identifier_rules
    from resolution.plausibility import count_birth_dates, count_given_names, weak_bridges
    from resolution.store.keys import FIRST_IDENTIFIER_PASS

    reader = QualityReader(connection, run_id)
    rules = load_identifier_rules()
    figures: dict[str, Any] = {"customers_touched": reader.find_touched()}
    found = _Findings(reader)

    given = count_given_names(reader.names(MANY_NAMES))
    many = [(c, n) for c, n in given.iter_rows() if n > MANY_NAMES]
    figures["customers_many_given_names"] = found.customers("customers_many_given_names", many)
    dates = count_birth_dates(reader.birth_dates(), _placeholder_dates())
    several = [(c, n) for c, n in dates.iter_rows() if n > 1]
    figures["customers_several_birth_dates"] = found.customers("customers_several_birth_dates", several)
    bridges = weak_bridges(*reader.graph())
    figures["customers_weakly_bridged"] = bridges.height
    weakest = list(bridges.head(WORST).iter_rows())
    names = reader.graph_names([node for _, left, right, _ in weakest for node in (left, right)])
    for place, (_, left, right, probability) in enumerate(weakest, 1):
        customer, record = names[left]
        ends = [record, names[right][1]]
        found.rows.append(("customers_weakly_bridged", place, "customer", customer, probability, ends))
    large = reader.large_customers(OVERSIZED_CUSTOMER)
    figures["customers_oversized"] = found.customers("customers_oversized", large)
    figures["customers_of_several"], figures["largest_customer"] = reader.sizes()
    accounts = reader.two_accounts([r.name for r in rules.rules if r.exclusive])
    figures["customers_two_accounts"] = found.customers("customers_two_accounts", accounts)

    broken = reader.disregarded_decisions()
    figures["decisions_disregarded"] = len(broken)
    for place, (number, keys) in enumerate(broken[:WORST], 1):
        found.rows.append(("decisions_disregarded", place, "decision", str(number), 1.0, keys))
    limits = {r.code: r.max_records for r in rules.rules if r.same_as is None}
    labels = {r.code: r.name for r in rules.rules if r.same_as is None}
    keyed, holding, values, crowded = reader.crowded_values(limits, FIRST_IDENTIFIER_PASS)
    figures |= {"records_keyed": keyed, "records_with_crowded_values": holding, "values_crowded": values}
    for place, (code, holders, keys) in enumerate(crowded[:WORST], 1):
        found.rows.append(("values_crowded", place, "identifier", labels[code], float(holders), keys))
    figures["largest_household"], households = reader.large_households(OVERSIZED_HOUSEHOLD)
    figures["households_oversized"] = len(households)
    for place, (household, members) in enumerate(households[:WORST], 1):
        found.rows.append(("households_oversized", place, "household", household, float(members), []))
    figures["merges_usual"], figures["merge_surprise"] = reader.surprise("merged_count")
    figures["splits_usual"], figures["split_surprise"] = reader.surprise("split_count")
    save_quality(connection, run_id, figures, found.rows)
    return figures


class _Findings:
    def __init__(self, reader: QualityReader) -> None:
        self.reader = reader
        self.rows: list[Finding] = []

    def customers(self, finding: str, figures: list[tuple[str, int]]) -> int:
        """Keep the worst customers with some of their records; how many there are in all."""
        worst = sorted(figures, key=lambda row: (-row[1], row[0]))[:WORST]
        records = self.reader.records_of([c for c, _ in worst], RECORDS_SHOWN) if worst else {}
        for place, (customer, figure) in enumerate(worst, 1):
            self.rows.append((finding, place, "customer", customer, float(figure), records.get(customer, [])))
        return len(figures)


def allow_churn(share: float, author: str, reason: str) -> int:
    """Give leave that the next accepted run moves up to `share` (0–1) of the known records; the allowance's number.

    It replaces one that is still open, is spent by the run that is accepted under it, and stays on record. Raises
    InputError when the share is out of range, or author or reason are missing.
    """
    import warehouse
    from resolution.errors import InputError
    from resolution.store.quality_book import grant_churn

    if not 0 < share <= 1:
        raise InputError(f"the share must be above 0 and at most 1 (0.05 = 5 %), not {share}")
    if not author.strip() or not reason.strip():
        raise InputError("leave to move many records needs an author and a reason")
    with warehouse.connect(name="resolution leave") as connection:
        return grant_churn(connection, share, author.strip(), reason.strip())


def _placeholder_dates() -> tuple[str, ...]:
    from resolution.config import load_config

    return load_config().placeholder_dates
