"""A registry in memory: plays accepted nights through `assign`, keeping what the warehouse would keep."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from resolution.registry import Assignment, Registry, assign

LINK = {"source_record_key": pl.String, "golden_customer_id": pl.String, "since_run_id": pl.Int64}


@dataclass
class Ledger:
    run: int = 0
    links: dict[str, str] = field(default_factory=dict)
    every: set[tuple[str, str]] = field(default_factory=set)  # (record, id) ever
    since: dict[str, int] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    created: dict[str, int] = field(default_factory=dict)
    merged_into: dict[str, str | None] = field(default_factory=dict)
    spells: dict[str, list[list]] = field(default_factory=dict)  # record → [id, from run, until run (None: now)]
    merges: dict[tuple[int, str], str] = field(default_factory=dict)  # (run, merged id) → into
    closed: dict[str, int] = field(default_factory=dict)
    founders: dict[str, int] = field(default_factory=dict)

    def registry(self) -> Registry:
        def rows(pairs: dict[str, str]) -> pl.DataFrame:
            data = [(k, g, self.since[k]) for k, g in sorted(pairs.items())]
            return pl.DataFrame(data, schema=LINK, orient="row")

        return Registry(
            links=rows(self.links),
            customers=pl.DataFrame(
                [(g, self.created[g], s, self.merged_into[g]) for g, s in sorted(self.status.items())],
                schema={
                    "golden_customer_id": pl.String,
                    "created_run_id": pl.Int64,
                    "status": pl.String,
                    "merged_into_id": pl.String,
                },
                orient="row",
            ),
            homes=pl.DataFrame(
                [(k, g, self.since[k], own, self.links.get(k)) for k, g, own in sorted(self.homes())],
                schema=LINK | {"is_own": pl.Boolean, "present_id": pl.String},
                orient="row",
            ),
            issued=pl.DataFrame(
                sorted(self.founders.items()),
                schema={"founding_record_key": pl.String, "generations": pl.Int64},
                orient="row",
            ),
        )

    def homes(self) -> set[tuple[str, str, bool]]:
        """Record, closed id that it could take back, whether it is its own: as `resolution/store/homes.py` reads it."""
        homes: dict[tuple[str, str], bool] = {}
        for key, spells in self.spells.items():
            options: list[tuple[int, str]] = []  # (times away since, id), the newest first
            later: list = []
            gaps = 0
            for golden, start, end in reversed(spells):
                if later and later[1] <= end and self.merges.get((end, golden)) != later[0]:
                    break
                gaps += bool(later) and later[1] > end
                if self.status[golden] in ("merged", "retired") and (not later or later[1] >= self.closed[golden]):
                    options.append((gaps, golden))
                later = [golden, start]
            near = [golden for count, golden in options if count == 0 or key not in self.links]
            own = (near[-1] if key in self.links else near[0]) if near else None
            for _, golden in options:
                homes[key, golden] = homes.get((key, golden), False) or golden == own
        return {(key, golden, own) for (key, golden), own in homes.items()}

    def night(
        self, *clusters: str | list[str], erased: tuple[str, ...] = (), wanted: dict[int, str] | None = None
    ) -> Assignment:
        """One accepted night; a cluster is a list of record keys, or a text of one-letter keys."""
        self.run += 1
        rows = [(k, i) for i, cluster in enumerate(clusters) for k in cluster]
        frame = pl.DataFrame(rows, schema={"source_record_key": pl.String, "cluster": pl.Int64}, orient="row")
        before, earlier = self.live, dict(self.links)
        schema = {"cluster": pl.Int64, "golden_customer_id": pl.String}
        set_ids = None if wanted is None else pl.DataFrame(sorted(wanted.items()), schema=schema, orient="row")
        result = assign(self.registry(), frame, erased=erased, wanted=set_ids)
        for row in result.customers.iter_rows(named=True):
            golden = row["golden_customer_id"]
            if row["is_new"]:
                assert golden not in self.status, "an id was issued twice"
                self.created[golden] = self.run
                self.founders[row["founding_record_key"]] = self.founders.get(row["founding_record_key"], 0) + 1
            if row["status"] == "live":
                self.closed.pop(golden, None)
            elif row["is_new"] or self.status[golden] == "live":
                self.closed[golden] = self.run
            self.status[golden] = row["status"]
            self.merged_into[golden] = row["merged_into_id"]
        for golden, target in self.merged_into.items():  # as accepting does: one step, never a chain
            if target is not None and self.status[target] == "merged":
                self.merged_into[golden] = self.merged_into[target]
        for kind, old, new in result.events.select("change_kind", "from_id", "to_id").iter_rows():
            if kind == "merge":
                self.merges[self.run, old] = new
        self.links = dict(result.links.select("source_record_key", "golden_customer_id").iter_rows())
        for key, golden in earlier.items():
            if self.links.get(key) != golden:
                self.spells[key][-1][2] = self.run
        for key, golden in self.links.items():
            if earlier.get(key) != golden:
                self.spells.setdefault(key, []).append([golden, self.run, None])
            self.since.setdefault(key, self.run)
            self.every.add((key, golden))
        joined = result.count("create") + result.count("split") + result.count("revive")
        left = result.count("merge") + result.count("retire") + result.count("delete")
        assert self.live == before + joined - left, "customers(t) does not follow from the events"
        return result

    @property
    def live(self) -> int:
        return sum(s == "live" for s in self.status.values())

    def id_of(self, key: str) -> str:
        return self.links[key]

    def resolves(self, golden: str) -> set[str]:
        """Ids that the records of any id ever issued belong to today."""
        return {self.links[k] for k, g in self.every if g == golden and k in self.links}

    def partition(self) -> set[frozenset[str]]:
        parts: dict[str, set[str]] = {}
        for key, golden in self.links.items():
            parts.setdefault(golden, set()).add(key)
        return {frozenset(p) for p in parts.values()}
