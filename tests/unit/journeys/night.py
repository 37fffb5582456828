"""Answers of a made-up night, in the shape that the report's questions give. Names carry markup on purpose."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

NIGHT = date(2026, 3, 14)
MARKUP = '<script>alert("x")</script> & Co'


def batch(platform: str, object_name: str, read: int, changed: int, rejected: int, **rest: Any) -> dict[str, Any]:
    return {
        "platform": platform,
        "object": object_name,
        "status": "promoted",
        "reason": None,
        "rows_read": read,
        "rows_promoted": changed,
        "rows_inserted": changed,
        "rows_updated": 0,
        "rows_unchanged": read - changed - rejected,
        "rows_duplicate": 0,
        "rows_rejected": rejected,
        "rows_tombstoned": 0,
        "batch_id": 1,
    } | rest


def step(number: int, name: str, customers: int, open_customers: int, before: int | None, first: int) -> dict[str, Any]:
    closed = customers - open_customers
    return {
        "scope": "cradle_to_grave",
        "step_no": number,
        "step_name": name,
        "customers": customers,
        "closed_customers": closed,
        "open_customers": open_customers,
        "closed_dropped_customers": (before or closed) - closed,
        "step_rate": closed / (before or closed),
        "overall_rate": closed / first,
        "median_hours": None if number == 1 else 30.5 * number,
        "window_days": 90,
        "taxonomy_version": "v1",
        "data_end_date": NIGHT,
    }


def stage(order: int, name: str, macro: str, family: str, entries: int, standing: int) -> dict[str, Any]:
    return {
        "stage_order": order,
        "stage_name": name,
        "sub_stage": None,
        "macro_stage": macro,
        "family": family,
        "entries": entries,
        "customers": int(entries * 0.7),
        "entries_tonight": entries // 90,
        "median_hours": 3.5 * order,
        "standing": standing,
    }


def run(day: date, created: int, merged: int) -> dict[str, Any]:
    names = ("edges_certain", "edges_probable", "revived_count", "retired_count", "deleted_count", "oversized_count")
    return dict.fromkeys(names, 0) | {
        "run_id": day.toordinal(),
        "export_date": day,
        "kind": "increment",
        "records_total": 61_204,
        "records_changed": 812,
        "pairs_compared": 40_211,
        "customers_total": 21_873,
        "created_count": created,
        "merged_count": merged,
        "split_count": 2,
        "churn_rate": 0.0041,
        "seconds": 6.3,
    }


def check(point: str, subject: str, what: str, name: str, severity: str, passed: bool) -> dict[str, Any]:
    message = "At most 1 % of an export's rows are rejected. Found share rejected: 1.8 %; allowed: at most 1 %."
    return {
        "point": point,
        "subject": subject,
        "what": what,
        "suite": point,
        "check_name": name,
        "column_name": None,
        "severity": severity,
        "passed": passed,
        "message": message,
    }


def sale(channel: str, orders: int, revenue: float) -> dict[str, Any]:
    return {
        "sales_channel": channel,
        "orders": orders,
        "customers": orders - 10,
        "orders_tonight": orders // 28,
        "repeat_orders": orders // 3,
        "revenue": revenue,
        "refunded": revenue * 0.043,
        "refunded_orders": orders // 20,
        "currency_code": "GBP",
    }


def ticket(channel: str, tickets: int) -> dict[str, Any]:
    return {
        "origin_channel": channel,
        "tickets": tickets,
        "solved": int(tickets * 0.9),
        "median_hours": 7.25,
        "p90_hours": 61.0,
        "good": int(tickets * 0.3),
        "rated": int(tickets * 0.35),
        "complaints": tickets // 3,
    }


def move(source: str, target: str, weight: int, share: float) -> dict[str, Any]:
    return {
        "source_name": source,
        "source_family": "acquire",
        "target_name": target,
        "target_family": "acquire",
        "weight": weight,
        "customers": int(weight * 0.8),
        "share_of_all": 0.2,
        "median_hours": 18.0,
        "share_of_source": share,
    }


STAGES = [
    stage(1, "Awareness", "awareness", "acquire", 9_120, 1_204),
    stage(2, MARKUP, "consideration", "acquire", 20_411, 4_310),
    stage(3, "Following the page", "consideration", "acquire", 5_210, 911),
    stage(4, "Getting back to the page", "consideration", "acquire", 31_902, 6_120),
    stage(7, "Reporting an issue", "consideration", "serve", 1_733, 120),
    stage(8, "Choosing a product", "consideration", "acquire", 12_001, 2_020),
    stage(9, "Making an order", "conversion", "convert", 7_230, 410),
    stage(10, "Waiting for the order", "conversion", "convert", 7_110, 1_502),
    stage(11, "Getting the order", "conversion", "convert", 6_904, 3_110),
    stage(12, "Refund", "conversion", "serve", 402, 201),
    stage(14, "Leaving feedback", "advocacy", "advocate", 1_204, 611),
    stage(15, "Recommending the brand", "advocacy", "advocate", 380, 190),
]


def answers() -> dict[str, Any]:
    """A full night."""
    day = [NIGHT - timedelta(days=27 - offset) for offset in range(28)]
    return {
        "batches": [
            batch("instagram", "comment", 1_204, 610, 0),
            batch("point_of_sale", "invoice_line", 3_108, 3_108, 0),
            batch("segment", "message", 48_211, 47_902, 12),
            batch("shopify", "customers_export", 912, 0, 0, status="repeated", rows_unchanged=912),
            batch("shopify", "orders_export", 2_904, 1_310, 41),
            batch("zendesk", "ticket", 311, 298, 0, status="rejected", rows_promoted=0, rows_unchanged=0),
        ],
        "rejects": [
            {
                "platform": "shopify",
                "object": "orders_export",
                "column_name": "total",
                "reason": "… is not a number",
                "rows": 41,
            },
            {
                "platform": "segment",
                "object": "message",
                "column_name": "timestamp",
                "reason": f"{MARKUP} is no time",
                "rows": 12,
            },
        ],
        "identity_runs": [run(NIGHT - timedelta(days=back), 312 - back * 20, 41 - back) for back in range(5)],
        "customers": [
            {
                "customers": 21_873,
                "identified": 12_110,
                "with_email": 10_904,
                "with_phone": 4_002,
                "on_several_platforms": 6_310,
                "records": 61_204,
                "touchpoints": 403_118,
                "buyers": 6_120,
                "repeat_buyers": 1_909,
                "created_tonight": 312,
            }
        ],
        "funnel": [
            step(1, "Discovers the brand", 18_402, 5_120, None, 13_282),
            step(2, "Comes back or engages", 11_630, 3_020, 13_282, 13_282),
            step(3, "Chooses a product", 7_120, 1_950, 8_610, 13_282),
            step(4, "Orders", 3_904, 1_120, 5_170, 13_282),
            step(5, "Receives the order", 3_410, 1_001, 2_784, 13_282),
            step(6, MARKUP, 690, 240, 2_409, 13_282),
        ],
        "stages": STAGES,
        "transitions": [
            move("First page view", "Getting back to the page", 9_204, 0.45),
            move("Choosing a product", "Making an order", 5_911, 0.49),
            move("Making an order", "Waiting for the order", 5_320, 0.74),
            move("Getting the order", "journey ends", 3_110, 0.42),
            move(MARKUP, "still open", 1_020, 0.12),
        ],
        "sales": [sale("web", 1_810, 121_204.5), sale("instagram_shop", 204, 9_120.0), sale("store", 402, 18_004.25)],
        "sales_days": [
            {"day": each, "orders": 80 + index, "revenue": 4_000.0 + 900 * ((index * 7) % 5)}
            for index, each in enumerate(day)
        ],
        "tickets": [ticket("email", 310), ticket("instagram", 120), ticket("web", 61)],
        "gates": [
            check("batch", "11", "shopify orders_export", "rejected_share_low", "warning", False),
            check("batch", "11", "shopify orders_export", "rows_accounted", "critical", True),
            check("batch", "12", "zendesk ticket", "tickets_have_requesters", "critical", False),
            check("identities", "5", "", "churn_low", "warning", True),
            check("marts", "2026-03-14", "", "touchpoints_conserved", "critical", True),
        ],
        "publishes": [
            {
                "publish_id": 9 - back,
                "export_date": NIGHT - timedelta(days=back),
                "published_at": datetime(2026, 3, 15, 5, 12, tzinfo=UTC) - timedelta(days=back),
                "status": "rolled_back" if back == 2 else "live",
                "rolled_back_at": None,
                "affected": 1_904 - back * 100,
                "everyone": back == 3,
                "rows_deleted": 81_204,
                "rows_inserted": 83_110,
            }
            for back in range(4)
        ],
        "nodes": [
            {"layer": "marts", "node": f"fct_{name}", "status": "success", "seconds": seconds, "rows": 1000 * index}
            for index, (name, seconds) in enumerate(
                [("touchpoints", 8.21), ("stage_entries", 4.1), ("journeys", 2.3), ("orders", 0.91), ("tickets", 0.2)]
            )
        ],
    }


def complete(missing: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """For each question the tables that it lacks."""
    return {name: (["marts.nothing"] if name in missing else []) for name in answers()}


QUALITY = {
    "records": 61_204,
    "true_pairs": 140_331,
    "pairwise_precision": 0.9931,
    "pairwise_recall": 0.9412,
    "pairwise_f1": 0.9664,
    "bcubed_precision": 0.9961,
    "bcubed_recall": 0.9703,
    "bcubed_f1": 0.983,
}
