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
    last: dict[str, str] = field(default_factory=dict)  # newest link of every record ever seen
    every: set[tuple[str, str]] = field(default_factory=set)  # (record, id) ever
    since: dict[str, int] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    created: dict[str, int] = field(default_factory=dict)
    merged_into: dict[str, str | None] = field(default_factory=dict)
    founders: dict[str, int] = field(default_factory=dict)

    def registry(self) -> Registry:
        def rows(pairs: dict[str, str]) -> pl.DataFrame:
            data = [(k, g, self.since[k]) for k, g in sorted(pairs.items())]
            return pl.DataFrame(data, schema=LINK, orient="row")

        return Registry(
            links=rows(self.links),
            customers=pl.DataFrame(
                [(g, self.created[g], s) for g, s in sorted(self.status.items())],
                schema={"golden_customer_id": pl.String, "created_run_id": pl.Int64, "status": pl.String},
                orient="row",
            ),
            history=rows({k: g for k, g in self.last.items() if k not in self.links}),
            issued=pl.DataFrame(
                sorted(self.founders.items()),
                schema={"founding_record_key": pl.String, "generations": pl.Int64},
                orient="row",
            ),
        )

    def night(self, *clusters: str | list[str], erased: tuple[str, ...] = ()) -> Assignment:
        """One accepted night; a cluster is a list of record keys, or a text of one-letter keys."""
        self.run += 1
        rows = [(k, i) for i, cluster in enumerate(clusters) for k in cluster]
        frame = pl.DataFrame(rows, schema={"source_record_key": pl.String, "cluster": pl.Int64}, orient="row")
        before = self.live
        result = assign(self.registry(), frame, erased=erased)
        for row in result.customers.iter_rows(named=True):
            golden = row["golden_customer_id"]
            if row["is_new"]:
                assert golden not in self.status, "an id was issued twice"
                self.created[golden] = self.run
                self.founders[row["founding_record_key"]] = self.founders.get(row["founding_record_key"], 0) + 1
            self.status[golden] = row["status"]
            self.merged_into[golden] = row["merged_into_id"]
        self.links = dict(result.links.select("source_record_key", "golden_customer_id").iter_rows())
        for key, golden in self.links.items():
            self.since.setdefault(key, self.run)
            self.last[key] = golden
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
