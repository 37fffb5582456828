"""All export objects, and how the files of one night are written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import cast

import polars as pl

from simulator import faults
from simulator.platforms import (
    headers,
    instagram,
    instagram_totals,
    point_of_sale,
    segment,
    shopify,
    shopify_catalogue,
    zendesk,
    zendesk_talk,
)
from simulator.plug import ExportObject, Plug, WrittenFile
from simulator.settings import CORE
from simulator.world import World
from simulator.writing import ExportFile, FaultRecord, Ledger

Place = tuple[Path, int, str]  # output folder, night, date

ZENDESK_PAGE = 1000
GRAPH_PAGE = 500


OBJECTS: tuple[ExportObject, ...] = (
    ExportObject("shopify", "orders_export", "csv", "csv.gz", shopify.orders_export, columns=headers.ORDER_COLUMNS),
    ExportObject(
        "shopify", "customers_export", "csv", "csv.gz", shopify.customers_export, columns=headers.CUSTOMER_COLUMNS
    ),
    ExportObject(
        "shopify",
        "product",
        "csv",
        "csv.gz",
        shopify_catalogue.products_export,
        columns=shopify_catalogue.PRODUCT_COLUMNS,
    ),
    ExportObject(
        "shopify",
        "product_variant",
        "csv",
        "csv.gz",
        shopify_catalogue.variants_export,
        columns=shopify_catalogue.VARIANT_COLUMNS,
    ),
    ExportObject("shopify", "fulfillment_event", "lines", "jsonl.gz", shopify.fulfillment_events),
    ExportObject("instagram", "comment", "graph", "json", instagram.comments),
    ExportObject("instagram", "conversation", "graph", "json", instagram.conversations),
    ExportObject("instagram", "media", "graph", "json", instagram.media),
    ExportObject("instagram", "account", "files", "json", instagram_totals.account),
    ExportObject("instagram", "account_insight", "files", "json", instagram_totals.account_insights),
    ExportObject("segment", "message", "lines", "jsonl.gz", segment.messages),
    ExportObject("zendesk", "ticket", "zendesk", "json", zendesk.tickets, root="tickets"),
    ExportObject("zendesk", "user", "zendesk", "json", zendesk.users, root="users"),
    ExportObject("zendesk", "user_identity", "zendesk", "json", zendesk.user_identities, root="identities"),
    ExportObject(
        "zendesk", "satisfaction_rating", "zendesk", "json", zendesk.satisfaction_ratings, root="satisfaction_ratings"
    ),
    ExportObject("zendesk", "ticket_comment", "files", "json", zendesk_talk.comments_export),
    ExportObject(
        "zendesk",
        "ticket_field_history",
        "csv",
        "csv.gz",
        zendesk_talk.history_export,
        columns=zendesk_talk.HISTORY_COLUMNS,
    ),
    ExportObject(
        "point_of_sale",
        "invoice_line",
        "csv",
        "csv.gz",
        point_of_sale.invoice_lines,
        columns=headers.INVOICE_COLUMNS,
        is_silent=True,
    ),
)

# Platforms beside the core ones; each module of simulator.platforms of this name has a PLUG (simulator/plug.py).
PLUGS: tuple[str, ...] = (
    "ga4",
    "snowplow",
    "youtube",
    "facebook_pages",
    "facebook_shops",
    "meta_lead_ads",
    "hubspot",
    "salesforce",
    "klaviyo",
    "mailchimp",
    "judgeme",
    "yotpo",
    "trustpilot",
    "brandwatch",
    "sprout",
    "planning",
)


@lru_cache(maxsize=1)
def plugs() -> dict[str, Plug]:
    """Platform → what it gives, of all platforms beside the core ones."""
    return {name: import_module(f"simulator.platforms.{name}").PLUG for name in PLUGS}


def objects_of(platforms: tuple[str, ...]) -> tuple[ExportObject, ...]:
    """The export objects of some platforms, in a fixed order."""
    core = tuple(item for item in OBJECTS if item.platform in platforms)
    return core + tuple(item for name, plug in plugs().items() if name in platforms for item in plug.exports)


def platforms_of(world: World) -> tuple[str, ...]:
    """The platforms that this simulation writes."""
    return world.settings.platforms or (*CORE, *PLUGS)


def write_object(world: World, item: ExportObject, night: int, root: Path, ledger: Ledger) -> None:
    """Write the files of one object of one night, faults among them."""
    place = (root, night, world.settings.night_date(night).isoformat())
    chunk = world.settings.chunk_rows
    if item.shape == "csv":
        _write_csv(world, item, cast("Iterator[pl.DataFrame]", item.make(world, night, chunk)), place, ledger)
    elif item.shape == "lines":
        _write_lines(world, item, cast("Iterator[pl.Series]", item.make(world, night, chunk)), place, ledger)
    elif item.shape == "files":
        _write_files(world, item, cast("Iterator[WrittenFile]", item.make(world, night, chunk)), place, ledger)
    else:
        size = GRAPH_PAGE if item.shape == "graph" else ZENDESK_PAGE
        _write_pages(world, item, cast("Iterator[pl.Series]", item.make(world, night, size)), size, place, ledger)
    faults.redeliver(world, item.target, night, root, ledger)


def _open(item: ExportObject, place: Place, number: int, ledger: Ledger) -> ExportFile:
    root, night, day = place
    return ExportFile(root, night, day, item.platform, item.name, f"part-{number:03d}.{item.extension}", ledger)


def _write_csv(world: World, item: ExportObject, frames: Iterator[pl.DataFrame], place: Place, ledger: Ledger) -> None:
    night = place[1]
    first = next(frames, None)
    if first is None and item.is_silent:
        return
    frames = chain([] if first is None else [first], frames)
    extra = faults.new_column(world, item.target, night)
    notes = platforms_notes(world, item, night)
    with _open(item, place, 0, ledger) as file:
        file.header([*item.columns, *((extra[0],) if extra else ())])
        for number, chunk in enumerate(frames):
            frame = chunk.with_columns(pl.lit(extra[1]).alias(extra[0])) if extra else chunk
            at, todo = faults.plan(world, item.target, night, len(frame)) if number == 0 else (len(frame), [])
            if todo and item.name == "orders_export":
                at = _order_boundary(frame, at)
            file.rows(frame.slice(0, at))
            for kind, row, n in todo:
                make = (
                    faults.broken_csv(item.target, frame, row, night, n)
                    if kind == "broken"
                    else faults.copy_csv(item.target, frame, row)
                )
                _plant(file, make, file.record.rows + 2, world, ledger)
            file.rows(frame.slice(at))
    if extra:
        ledger.faults.append(_whole_file(world, file, "new_column", extra[0], "kept", file.record.rows))
    _add_notes(world, file, notes, ledger)


def _order_boundary(frame: pl.DataFrame, at: int) -> int:
    """The first line at or after `at` that begins an order."""
    begins = frame.select((pl.col("Name") != pl.col("Name").shift()).fill_null(True)).to_series()
    later = begins.slice(at).arg_true()
    return at + int(later[0]) if len(later) else len(frame)


def _write_files(world: World, item: ExportObject, files: Iterator[WrittenFile], place: Place, ledger: Ledger) -> None:
    root, night, day = place
    for written in files:
        with ExportFile(root, night, day, item.platform, item.name, written.name, ledger) as file:
            for part in written.parts:
                file.write(part)
            file.record.rows = written.rows
        ledger.faults += [
            FaultRecord(
                world.settings.night_date(night), item.platform, item.name, file.record.path, planted.line,
                planted.kind, planted.key, planted.outcome, planted.rows,
            )
            for planted in written.faults
        ]  # fmt: skip


def _write_lines(world: World, item: ExportObject, parts: Iterator[pl.Series], place: Place, ledger: Ledger) -> None:
    night = place[1]
    with _open(item, place, 0, ledger) as file:
        for number, lines in enumerate(parts):
            at, todo = faults.plan(world, item.target, night, len(lines)) if number == 0 else (len(lines), [])
            file.lines(lines.slice(0, at))
            for kind, row, n in todo:
                made = (
                    faults.broken_json(item.target, lines[row], night, n)
                    if kind == "broken"
                    else faults.copy_json(item.target, lines[row])
                )
                _plant(file, made, file.record.rows + 1, world, ledger)
            file.lines(lines.slice(at))
    _add_notes(world, file, platforms_notes(world, item, night), ledger)


def _plant(file: ExportFile, made: faults.Planted, line: int, world: World, ledger: Ledger) -> None:
    file.write(made.text.encode() + b"\n")
    file.record.rows += 1
    ledger.faults.append(_fault(world, file, made, line))


def _fault(world: World, file: ExportFile, made: faults.Planted, line: int) -> FaultRecord:
    r = file.record
    return FaultRecord(
        world.settings.night_date(r.night), r.platform, r.object, r.path, line, made.kind, made.key, made.outcome
    )


def _whole_file(world: World, file: ExportFile, kind: str, key: str, outcome: str, rows: int) -> FaultRecord:
    r = file.record
    return FaultRecord(world.settings.night_date(r.night), r.platform, r.object, r.path, None, kind, key, outcome, rows)


def platforms_notes(world: World, item: ExportObject, night: int) -> list[tuple[str, str, str, int]]:
    """Faults that lie in what a night holds rather than in how it is written: (kind, key, outcome, rows)."""
    if not world.settings.faults:
        return []
    if item.target == ("segment", "message"):
        late = segment.late_count(world, night) if night else 0
        return [("late_row", "", "inserted", late)] if late else []
    if item.target == ("point_of_sale", "invoice_line"):
        return point_of_sale.notes(world, night)
    if item.target == ("zendesk", "ticket"):
        return [("touched_only", key, "unchanged", 1) for key in zendesk.touched_keys(world, night)]
    return []


def _add_notes(world: World, file: ExportFile, notes: list[tuple[str, str, str, int]], ledger: Ledger) -> None:
    ledger.faults += [_whole_file(world, file, kind, key, outcome, rows) for kind, key, outcome, rows in notes]


def _pages(parts: Iterator[pl.Series], size: int) -> Iterator[pl.Series]:
    """Cut or join parts to pages of `size` records; there is always at least one page."""
    rest = pl.Series("", [], dtype=pl.String)
    empty = True
    for part in parts:
        rest = pl.concat([rest, part.alias("")])
        while len(rest) > size:
            yield rest.slice(0, size)
            rest, empty = rest.slice(size), False
    if len(rest) or empty:
        yield rest


def _write_pages(
    world: World, item: ExportObject, parts: Iterator[pl.Series], size: int, place: Place, ledger: Ledger
) -> None:
    night = place[1]
    pages = _pages(parts, size)
    page, number = next(pages), 0
    while True:
        following = next(pages, None)
        with _open(item, place, number, ledger) as file:
            records = page.to_list()
            at, todo = faults.plan(world, item.target, night, len(records)) if number == 0 else (len(records), [])
            for kind, row, n in todo:
                made = (
                    faults.broken_json(item.target, page[row], night, n)
                    if kind == "broken"
                    else faults.copy_json(item.target, page[row])
                )
                records.insert(at, made.text)
                at += 1
                ledger.faults.append(_fault(world, file, made, at))
            file.write(_page_text(item, records, (night, number), following is None).encode())
            file.record.rows += len(records)
        if number == 0:
            _add_notes(world, file, platforms_notes(world, item, night), ledger)
        if following is None:
            return
        page, number = following, number + 1


def _page_text(item: ExportObject, records: list[str], position: tuple[int, int], is_last: bool) -> str:
    night, number = position
    body = ",\n".join(records)
    if item.shape == "graph":
        after = f"QVFI{night:04d}{number:06d}"
        cursors = f'"cursors":{{"before":"QVFI{night:04d}{max(number - 1, 0):06d}","after":"{after}"}}'
        address = f"https://graph.facebook.com/v25.0/{instagram.BRAND_ID}/{item.name}s?limit={GRAPH_PAGE}&after={after}"
        paging = cursors if is_last else f'{cursors},"next":"{address}"'
        return f'{{"data":[{body}],"paging":{{{paging}}}}}\n'
    cursor = f"MTU3NjYxMzUzOS4wfHw{night:04d}{number:06d}"
    address = f"{zendesk.URL}/incremental/{item.root}/cursor.json?cursor={cursor}"
    end = "true" if is_last else "false"
    return f'{{"{item.root}":[{body}],"after_url":"{address}","after_cursor":"{cursor}","end_of_stream":{end}}}\n'
