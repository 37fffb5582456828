"""Strategy `pages`: task after task, page after page, into part files.

A task is one walk through pages: one window × one value of `each` × one parent. After every page the state is saved,
so that a pull that was killed goes on behind the last page that is safely on disk.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.apis.answers import Answer
from connectors.apis.client import ApiClient, CursorRefusedError, FewerError, Request, SkippedError
from connectors.apis.endpoints import Endpoint
from connectors.apis.paging import first_request, next_request, sized
from connectors.apis.staging import Staging, State, as_line
from connectors.apis.templates import at, duration, fill, moment, records_at
from connectors.apis.windows import Window, day_windows
from connectors.errors import ApiError

log = logging.getLogger(__name__)
_RESTARTS = 3


@dataclass(slots=True)
class Job:
    """One endpoint's pull of one account on one date. What every strategy gets.

    values   the vendor's variables and the account
    window   from where on
    parents  the fields of each parent's record; None: the endpoint has no parents
    """

    client: ApiClient
    endpoint: Endpoint
    account: str
    date: dt.date
    values: Mapping[str, Any]
    window: Window
    staging: Staging
    state: State
    parents: Any = None

    @property
    def where(self) -> str:
        """For messages: platform, object (folder), endpoint."""
        name = f"{self.client.description.platform}.{self.endpoint.folder or self.endpoint.name}"
        return name if self.endpoint.folder == self.endpoint.name else f"{name} (endpoint {self.endpoint.name})"


def pull_pages(job: Job) -> None:
    """Run what is left of the job."""
    state = job.state
    for number, (window, values) in enumerate(_tasks(job)):
        if number < state.task:
            continue
        try:
            _walk(job, window, values)
        except SkippedError as skipped:
            state.skipped += 1
            log.info("%s", skipped)
        state.task, state.request, state.page_size, state.seen, state.memory = number + 1, None, None, 0, {}
        if number % 20 == 0:
            job.staging.save(state)
    if state.skipped and state.skipped == state.task:
        log.warning("%s: none of %d parents had anything to give", job.where, state.skipped)


def _tasks(job: Job) -> Iterator[tuple[Window, dict[str, Any]]]:
    """Windows and values, always in the same order."""
    endpoint, incremental = job.endpoint, job.endpoint.incremental
    windows = [job.window]
    if incremental and incremental.kind == "days" and job.window.since is not None:
        windows = day_windows(incremental, job.window.since, job.date)
    names = list(endpoint.each)
    for window in windows:
        for combination in itertools.product(*endpoint.each.values()):
            own = dict(zip(names, combination, strict=True))
            for parent in job.parents() if job.parents else [{}]:
                yield window, {**own, **parent}


def _walk(job: Job, window: Window, values: Mapping[str, Any]) -> None:
    """All pages of one task, from where the state says."""
    endpoint, state = job.endpoint, job.state
    if state.page_size is None and endpoint.page_size:
        state.page_size = endpoint.page_size.value
    if since := state.memory.get("since"):
        window = Window(moment(since), window.until)
    values = {**job.values, **values}
    request: Request | None = Request(**state.request) if state.request else _first(job, window, values)
    while request is not None:
        where = f"{job.where}, page {state.pages + 1}"
        try:
            answer = job.client.ask(endpoint, request, where)
        except FewerError as error:
            request = _smaller(job, request, window, values, error)
            continue
        except CursorRefusedError as error:
            window = _again(job, window, error)
            request = _first(job, window, values)
            continue
        records = records_at(answer.page, endpoint.records)
        job.staging.append(_line(job, answer, values), state)
        state.pages += 1
        state.records += len(records)
        state.seen += len(records)
        _note(job, answer, records)
        following = next_request(
            job.client, endpoint, request, answer, records, state.seen, state.page_size, where
        )  # fmt: skip
        if following is not None and _all_older(endpoint, window, records):
            following = None
        most = endpoint.paging.most
        if following is not None and most and state.seen + (state.page_size or 1) > most:
            window = _next_window(job, window, where)
            following = _first(job, window, values)
        request = following
        state.request = _stored(request)
        job.staging.save(state)


def _first(job: Job, window: Window, values: Mapping[str, Any]) -> Request:
    given = {"export_date": job.date.isoformat(), **values, **window.values(job.endpoint.incremental)}
    return first_request(job.endpoint, given, job.state.page_size)


def _line(job: Job, answer: Answer, values: Mapping[str, Any]) -> bytes:
    page = as_line(job.client.blank_secrets(answer.body))
    if not job.endpoint.wrap:
        return page
    parts = [
        json.dumps(key).encode() + b":" + (page if text == "page" else json.dumps(fill(text, values)).encode())
        for key, text in job.endpoint.wrap.items()
    ]
    return b"{" + b",".join(parts) + b"}"


def _note(job: Job, answer: Answer, records: list[Any]) -> None:
    """Keep the newest time and the newest token. A time in the future would skip what comes until then."""
    incremental, state = job.endpoint.incremental, job.state
    if incremental is None or incremental.kind == "days":
        return
    path = incremental.time_field if incremental.kind == "token" else incremental.field
    if incremental.kind == "token" and (token := at(answer.page, incremental.field)) is not None:
        state.token = token
    if not path:
        return
    found = [answer.page] if incremental.in_ == "page" else records
    latest = dt.datetime(job.date.year, job.date.month, job.date.day, tzinfo=dt.UTC) + dt.timedelta(days=2)
    times = [min(time, latest) for record in found if (time := moment(at(record, path))) is not None]
    if state.high:
        times.append(dt.datetime.fromisoformat(state.high))
    if times:
        state.high = max(times).isoformat()


def _all_older(endpoint: Endpoint, window: Window, records: list[Any]) -> bool:
    field = endpoint.paging.older
    if not field or window.since is None or not records:
        return False
    times = [moment(at(record, field)) for record in records]
    return all(time is not None and time < window.since for time in times)


def _smaller(job: Job, request: Request, window: Window, values: Mapping[str, Any], error: FewerError) -> Request:
    """The same page with half the size; where pages are numbered, the task from its start."""
    state, size = job.state, job.endpoint.page_size
    if size is None or state.page_size is None or state.page_size <= size.least:
        raise ApiError(f"{error} Its pages cannot be made smaller; ask for fewer fields.") from None
    state.page_size = max(state.page_size // 2, size.least)
    log.info("%s Asking for %d records per page.", error, state.page_size)
    if job.endpoint.paging.kind == "page_number":
        state.seen = 0
        return _first(job, window, values)
    return sized(job.endpoint, request, state.page_size)


def _again(job: Job, window: Window, error: CursorRefusedError) -> Window:
    """A cursor was refused: the window from the last good cursor's time. Records that come twice do no harm."""
    state, incremental = job.state, job.endpoint.incremental
    restarts = int(state.memory.get("restarts", 0)) + 1
    if restarts > _RESTARTS:
        raise ApiError(f"{error} It was refused {restarts} times; pull again later.") from None
    since = window.since
    if incremental and incremental.kind == "token" and state.high:
        since = dt.datetime.fromisoformat(state.high) - duration(incremental.look_back)
    log.warning("%s Reading again from %s.", error, since.isoformat() if since else "the beginning")
    state.memory = {"restarts": restarts, **({"since": since.isoformat()} if since else {})}
    state.request, state.seen = None, 0
    return Window(since, window.until)


def _next_window(job: Job, window: Window, where: str) -> Window:
    """The vendor gives no more of this window: the next one begins at the newest time seen."""
    state = job.state
    high = moment(state.high)
    if high is None or (window.since is not None and high <= window.since):
        raise ApiError(f"{where}: more than {job.endpoint.paging.most} records are of one time; they cannot be parted.")
    state.seen = 0
    state.memory = {**state.memory, "since": high.isoformat()}
    return Window(high, window.until)


def _stored(request: Request | None) -> dict[str, Any] | None:
    if request is None:
        return None
    return {
        "method": request.method, "url": request.url, "params": dict(request.params), "body": request.body,
    }  # fmt: skip
