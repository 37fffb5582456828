"""All export objects, and how the files of one night are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from simulator.platforms import instagram, point_of_sale, segment, shopify, zendesk
from simulator.world import World
from simulator.writing import ExportFile, Ledger

ZENDESK_PAGE = 1000
GRAPH_PAGE = 500


@dataclass(frozen=True, slots=True)
class ExportObject:
    """One object of one platform. `shape` is csv, lines, graph pages or zendesk pages."""

    platform: str
    name: str
    shape: str
    extension: str
    make: Callable[[World, int, int], Iterator[pl.DataFrame]] | Callable[[World, int, int], Iterator[pl.Series]]
    root: str = ""  # name of the record list in a Zendesk page
    columns: tuple[str, ...] = ()


OBJECTS: tuple[ExportObject, ...] = (
    ExportObject("shopify", "orders_export", "csv", "csv.gz", shopify.orders_export, columns=shopify.ORDER_COLUMNS),
    ExportObject("shopify", "customers_export", "csv", "csv.gz", shopify.customers_export, columns=shopify.CUSTOMER_COLUMNS),
    ExportObject("shopify", "fulfillment_event", "lines", "jsonl.gz", shopify.fulfillment_events),
    ExportObject("instagram", "comment", "graph", "json", instagram.comments),
    ExportObject("instagram", "conversation", "graph", "json", instagram.conversations),
    ExportObject("segment", "message", "lines", "jsonl.gz", segment.messages),
    ExportObject("zendesk", "ticket", "zendesk", "json", zendesk.tickets, root="tickets"),
    ExportObject("zendesk", "user", "zendesk", "json", zendesk.users, root="users"),
    ExportObject("zendesk", "user_identity", "zendesk", "json", zendesk.user_identities, root="identities"),
    ExportObject("zendesk", "satisfaction_rating", "zendesk", "json", zendesk.satisfaction_ratings, root="satisfaction_ratings"),
    ExportObject("point_of_sale", "invoice_line", "csv", "csv.gz", point_of_sale.invoice_lines, columns=point_of_sale.COLUMNS),
)


def write_object(world: World, item: ExportObject, night: int, root: Path, ledger: Ledger) -> None:
    """Write the files of one object of one night."""
    date = world.settings.night_date(night).isoformat()
    chunk = world.settings.chunk_rows
    if item.shape in ("csv", "lines"):
        name = f"part-000.{item.extension}"
        with ExportFile(root, night, date, item.platform, item.name, name, ledger) as file:
            if item.shape == "csv":
                file.header(list(item.columns))
                for frame in item.make(world, night, chunk):
                    file.rows(frame)  # type: ignore[arg-type]
            else:
                for lines in item.make(world, night, chunk):
                    file.lines(lines)  # type: ignore[arg-type]
        return
    size = GRAPH_PAGE if item.shape == "graph" else ZENDESK_PAGE
    records = item.make(world, night, size)
    _write_pages(item, list(_pages(records, size)), (root, night, date), ledger)  # type: ignore[arg-type]


def _pages(parts: Iterator[pl.Series], size: int) -> Iterator[pl.Series]:
    for part in parts:
        for start in range(0, len(part), size):
            yield part.slice(start, size)


def _write_pages(item: ExportObject, pages: list[pl.Series], place: tuple[Path, int, str], ledger: Ledger) -> None:
    root, night, date = place
    pages = pages or [pl.Series("", [], dtype=pl.String)]
    for number, page in enumerate(pages):
        last = number == len(pages) - 1
        name = f"part-{number:03d}.{item.extension}"
        with ExportFile(root, night, date, item.platform, item.name, name, ledger) as file:
            body = ",\n".join(page.to_list())
            if item.shape == "graph":
                after = f"QVFI{night:04d}{number:06d}"
                paging = f'{{"cursors":{{"before":"QVFI{night:04d}{max(number - 1, 0):06d}","after":"{after}"}}'
                paging += "}" if last else f',"next":"https://graph.facebook.com/v25.0/me/{item.name}s?limit={GRAPH_PAGE}&after={after}"}}'
                text = f'{{"data":[{body}],"paging":{paging}}}\n'
            else:
                cursor = f"MTU3NjYxMzUzOS4wfHw{night:04d}{number:06d}"
                after_url = f"{zendesk.URL}/incremental/{item.root}/cursor.json?cursor={cursor}"
                text = f'{{"{item.root}":[{body}],"after_url":"{after_url}","after_cursor":"{cursor}","end_of_stream":{str(last).lower()}}}\n'
            file.write(text.encode())
            file.record.rows += len(page)
