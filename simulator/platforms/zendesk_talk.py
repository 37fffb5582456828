"""Zendesk: what is written in tickets and how their states change.

Messages come as the incremental export of ticket events gives them (`include=comment_events`), one event per message;
states as a warehouse keeps a ticket's field history. A ticket may be reopened once after it was solved.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulator.platforms.instagram import texts
from simulator.platforms.letters import json_pages
from simulator.platforms.zendesk import ISO, URL, agent_of
from simulator.plug import WrittenFile
from simulator.text import choose_text, joined, json_of, lookup, stamps, struct_of
from simulator.texts import T
from simulator.world import FIRST_SUPPORT_USER, FIRST_TICKET, World

I64 = NDArray[np.int64]
FIRST_EVENT = 790_000_000_000
HISTORY_COLUMNS = ("field_name", "ticket_id", "updated", "_fivetran_synced", "user_id", "value")
HISTORY_TIME = "%Y-%m-%d %H:%M:%S"
_COMPLAINING = (T["late_order"], T["broken_on_arrival"], T["wrong_item"])
# messages of a ticket by slot
OPENING, REPLY, FOLLOW_UP, SOLUTION, REOPENING, SOLVED_AGAIN, NOTE = range(7)
FOLLOW_UP_SHARE, NOTE_SHARE = 0.3, 0.3


def message_times(world: World) -> list[I64]:
    """For each slot the moment of that message of each ticket, -1 where there is none."""
    t, draws = world.voices.tickets, world.draws
    row = np.arange(len(t), dtype=np.int64)
    room = t.first_solved_at - t.replied_at
    asks = draws.chance("ticket/follow_up", row, FOLLOW_UP_SHARE) & (room > 3_600)
    later = t.replied_at + (room * (0.1 + 0.7 * draws.uniform("ticket/follow_up_at", row))).astype(np.int64)
    again = t.reopened_at >= 0
    noted = draws.chance("ticket/note", row, NOTE_SHARE)
    return [
        t.at,
        t.replied_at,
        np.where(asks, later, -1),
        np.where(room > 1_800, t.first_solved_at - 60, -1),
        t.reopened_at,
        np.where(again, t.solved_at - 60, -1),
        np.where(noted, t.replied_at - 20, -1),
    ]


def comments_export(world: World, night: int, chunk: int) -> Iterator[WrittenFile]:
    """Messages of the night's window, in order of time."""
    low, high = world.window(night)
    times = message_times(world)
    at = np.concatenate(times)
    slot = np.repeat(np.arange(len(times)), len(world.voices.tickets))
    row = np.tile(np.arange(len(world.voices.tickets)), len(times))
    inside = np.flatnonzero((at >= low) & (at < high))
    inside = inside[np.lexsort((slot[inside], row[inside], at[inside]))]
    lines = _event_lines(world, row[inside], slot[inside], at[inside])
    yield from json_pages(lines, 1_000, _page, prefix="ticket_events")


def _page(records: str, page: int, is_last: bool) -> str:
    following = "null" if is_last else f'"{URL}/incremental/ticket_events.json?start_time={page + 1}"'
    end = "true" if is_last else "false"
    return f'{{"ticket_events":[{records}],"next_page":{following},"end_of_stream":{end}}}\n'


def _event_lines(world: World, row: I64, slot: I64, at: I64) -> pl.Series:
    t = world.voices.tickets
    ident = FIRST_EVENT + row * 16 + slot * 2
    by_customer = np.isin(slot, (OPENING, FOLLOW_UP, REOPENING))
    user = FIRST_SUPPORT_USER + world.support.of_ticket[row] * 1_009
    author = np.where(by_customer, user, agent_of(world, row))
    opened = texts(world, "ticket", t.key[row], t.topic[row], np.where(t.names_order[row], t.order[row], -1))
    unhappy = np.isin(t.topic[row], _COMPLAINING) | (slot == REOPENING)
    topic = np.where(by_customer, np.where(unhappy, T["still_waiting"], T["thanks"]), T["brand_reply"])
    body = choose_text(slot == OPENING, opened, texts(world, "ticket_comment", ident, topic, np.full(len(row), -1)))
    body = choose_text(slot == NOTE, "Looked up the parcel; will write to the customer.", body)
    moment = stamps(at, ISO)
    channel = lookup(("email", "web", "instagram_dm", "voice"), t.channel[row].astype(np.int64))
    comment = struct_of(
        len(row),
        id=pl.Series(ident),
        type=pl.lit("Comment"),
        event_type=pl.lit("Comment"),
        audit_id=pl.Series(ident + 1),
        author_id=pl.Series(author),
        body=body,
        html_body=joined('<div class="zd-comment" dir="auto">', body, "</div>"),
        plain_body=body,
        public=pl.Series(slot != NOTE),
        attachments=pl.lit([], dtype=pl.List(pl.String)),
        via=struct_of(len(row), channel=choose_text(by_customer, channel, "web")),
        created_at=moment,
    )
    listed = pl.DataFrame({"c": comment}).select(pl.concat_list("c")).to_series()
    return json_of(
        len(row),
        id=pl.Series(ident + 1),
        ticket_id=pl.Series(FIRST_TICKET + row),
        timestamp=pl.Series(at),
        created_at=moment,
        updater_id=pl.Series(author),
        event_type=pl.lit("Audit"),
        child_events=listed,
    )


def history_export(world: World, night: int, chunk: int) -> Iterator[pl.DataFrame]:
    """States that tickets got in the night's window."""
    low, high = world.window(night)
    t = world.voices.tickets
    changes = (
        ("open", t.at, True),
        ("pending", np.where(t.replied_at < t.first_solved_at, t.replied_at, -1), False),
        ("solved", t.first_solved_at, False),
        ("open", t.reopened_at, True),
        ("solved", np.where(t.reopened_at >= 0, t.solved_at, -1), False),
        ("closed", t.closed_at, False),
    )
    parts = []
    for value, times, by_customer in changes:
        row = np.flatnonzero((times >= low) & (times < high))
        user = FIRST_SUPPORT_USER + world.support.of_ticket[row] * 1_009
        parts.append(
            pl.DataFrame(
                {
                    "ticket_id": FIRST_TICKET + row,
                    "at": times[row],
                    "user_id": user if by_customer else agent_of(world, row),
                }
            ).with_columns(pl.lit(value).alias("value"))
        )
    frame = pl.concat(parts).sort("at", "ticket_id", "value")
    synced = stamps(np.array([high + 3_600]), HISTORY_TIME)[0]
    frame = frame.with_columns(
        stamps(frame["at"].to_numpy(), HISTORY_TIME).alias("updated"),
        pl.lit("status").alias("field_name"),
        pl.lit(f"{synced}.000").alias("_fivetran_synced"),
        pl.col("ticket_id", "user_id").cast(pl.String),
    ).select(HISTORY_COLUMNS)
    for start in range(0, len(frame), chunk):
        yield frame.slice(start, chunk)
