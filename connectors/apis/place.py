"""A vendor's API as a place of exports: asked for an object's files, it pulls the pages that belong to them.

Contracts do not know where pages come from: an endpoint's `folder` is the first part of a contract's patterns, so what
is pulled lies exactly where a delivered export would lie, and the same forms read it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from connectors.apis.clock import Clock, SystemClock
from connectors.apis.description import VendorDescription, load_description
from connectors.apis.endpoints import Endpoint, Parents
from connectors.apis.staging import Staging, State, sweep
from connectors.apis.templates import at, duration, moment, records_at
from connectors.apis.windows import Window, first_window
from connectors.connections import Connection
from connectors.contracts import ExportObject, load_contract
from connectors.errors import CredentialsError
from connectors.places import ExportFile, LocalFolder

if TYPE_CHECKING:
    from connectors.apis.client import ApiClient
    from warehouse import Cursor

log = logging.getLogger(__name__)
_RESUMABLE = 6 * 3600.0  # seconds: vendors' paging cursors rarely live longer


@dataclass(frozen=True, slots=True)
class _Run:
    """One endpoint and account, pulled."""

    endpoint: Endpoint
    account: str
    staging: Staging
    state: State
    window: Window


class ApiPlace:
    """One connection to one vendor. home: where pages are staged; clock: for waiting."""

    def __init__(self, connection_id: str, home: Path | None = None, clock: Clock | None = None) -> None:
        from warehouse.settings import settings

        self.connection_id = connection_id
        self.root = (home or settings().home) / "api" / connection_id
        self.clock: Clock = clock or SystemClock()
        self._runs: dict[tuple[str, str, dt.date], list[_Run]] = {}
        self._clients: dict[str, ApiClient] = {}
        self._descriptions: dict[str, VendorDescription] = {}
        self._known: Connection | None = None
        self._broken: dict[tuple[str, str, dt.date], Exception] = {}

    def serves(self, platform: str, export: ExportObject) -> bool:
        """Whether the vendor's API gives this object at all."""
        return any(self._description(platform).feeding(folder) for folder in folders_of(export))

    def find(self, platform: str, pattern: str, export_date: dt.date) -> list[ExportFile]:
        """Pull what lies in the pattern's folder, unless that is done, and list the files.

        Raises ApiError (try again later), ApiAccessError (somebody must act), CredentialsError.
        """
        for endpoint in self._description(platform).feeding(pattern.split("/")[0]):
            self._pulled(platform, endpoint, export_date)
        return LocalFolder(self.root).find(platform, pattern, export_date)

    def open(self, file: ExportFile) -> BinaryIO:
        return LocalFolder(self.root).open(file)

    def describe(self, platform: str, pattern: str, export_date: dt.date) -> str:
        return f"the API of {self._description(platform).title} (connection {self.connection_id})"

    def close(self) -> None:
        for client in self._clients.values():
            client.http.close()
        self._clients.clear()

    def cursors(self, platform: str, export: ExportObject, export_date: dt.date) -> list[Cursor]:
        """Where the next night may go on once this object's batch is promoted."""
        from warehouse import Cursor

        found = []
        description = self._description(platform)
        for endpoint in self._endpoints(platform, export):
            for run in self._runs.get((platform, endpoint.name, export_date), ()):
                state = reached(run, export_date) or {}
                above = {
                    parent.name: mark
                    for parent in description.above(endpoint)
                    for other in self._runs.get((platform, parent.name, export_date), ())
                    if other.account == run.account and (mark := reached(other, export_date))
                }
                if above:
                    state = {**state, "parents": above}
                if state:
                    found.append(
                        Cursor(
                            platform, export.name, self.connection_id, endpoint.name, run.account, export_date, state
                        )
                    )
        return found

    def landed(self, platform: str, export_date: dt.date) -> None:
        """What could be had of the date is in the landing store: staged files are no longer needed.

        When an endpoint failed they stay, so that the next try asks for the rest only.
        """
        sweep(self.root / platform, self.clock.time() - _RESUMABLE)
        if any(name == platform and date == export_date for name, _, date in self._broken):
            return
        for (name, _, date), runs in self._runs.items():
            if name == platform and date == export_date:
                for run in runs:
                    run.staging.clear()

    def _description(self, platform: str) -> VendorDescription:
        """The vendor's description without what this installation leaves out (the connection's extra: `without`)."""
        if platform not in self._descriptions:
            whole = load_description(platform)
            try:
                left_out = self._connection().option("without") or []
            except CredentialsError:
                return whole  # said when something is asked for
            self._descriptions[platform] = whole.without([left_out] if isinstance(left_out, str) else left_out)
        return self._descriptions[platform]

    def _connection(self) -> Connection:
        from connectors.connections import find_connection

        if self._known is None:
            self._known = find_connection(self.connection_id)
        return self._known

    def _endpoints(self, platform: str, export: ExportObject) -> list[Endpoint]:
        description = self._description(platform)
        return [endpoint for folder in folders_of(export) for endpoint in description.feeding(folder)]

    def _pulled(self, platform: str, endpoint: Endpoint, date: dt.date) -> list[_Run]:
        """The endpoint's runs, one per account; parents first. A failure is remembered, not repeated."""
        key = (platform, endpoint.name, date)
        if key in self._broken:
            raise self._broken[key]
        if key not in self._runs:
            try:
                self._runs[key] = self._pull(platform, endpoint, date)
            except Exception as error:
                self._broken[key] = error
                raise
        return self._runs[key]

    def _pull(self, platform: str, endpoint: Endpoint, date: dt.date) -> list[_Run]:
        from connectors.apis.connection import accounts_of

        description = self._description(platform)
        parents: dict[str, _Run] = {}
        if endpoint.parents:
            runs = self._pulled(platform, description.endpoints[endpoint.parents.endpoint], date)
            parents = {run.account: run for run in runs}
        client = self._client(description)
        return [
            self._run(client, endpoint, account, date, parents.get(account))
            for account in accounts_of(description, client.connection)
        ]

    def _client(self, description: VendorDescription) -> ApiClient:
        from connectors.apis.client import ApiClient

        if description.platform not in self._clients:
            self._clients[description.platform] = ApiClient(description, self._connection(), self.clock)
        return self._clients[description.platform]

    def _run(self, client: ApiClient, endpoint: Endpoint, account: str, date: dt.date, parent: _Run | None) -> _Run:
        from connectors.apis.pages import Job
        from connectors.apis.strategies import strategy

        description = client.description
        platform = description.platform
        cursor = self._cursor(platform, endpoint, account, date)
        window = first_window(endpoint.incremental, cursor, date)
        staging = Staging(self.root, platform, endpoint.folder or f"_{endpoint.name}", date, endpoint.name, account)
        now = self.clock.time()
        base = {
            "endpoint": hashlib.sha256(repr(endpoint).encode()).hexdigest()[:16],
            "cursor": cursor,
            "parents": parent.state.started_at if parent else None,
        }
        state = staging.resume(base, now, _RESUMABLE)
        if state is None:
            staging.begin()
            state = State(base, now)
        run = _Run(endpoint, account, staging, state, window)
        if state.done:
            return run
        variable = description.accounts.variable if description.accounts else None
        values = {**client.variables, **({variable: account} if variable else {})}
        job = Job(client, endpoint, account, date, values, window, staging, state)
        if endpoint.parents and parent is not None:
            wanted = endpoint.parents
            job.parents = lambda: batched(parents_of(parent, wanted, window, date), wanted.batch)
        staging.save(state)
        strategy(endpoint.strategy)(job)
        state.done = True
        staging.save(state)
        log.info("%s: %d pages, %d records", job.where, state.pages, state.records)
        return run

    def _cursor(self, platform: str, endpoint: Endpoint, account: str, date: dt.date) -> dict[str, Any] | None:
        """The oldest cursor among the objects that live on this endpoint's pages; None when one of them has none yet.

        These are the objects that read them, and those that are asked for once per record of them: when the identities
        of a night's users did not come, the users are read again, else nobody would ask for these identities any more.
        """
        import warehouse

        if endpoint.incremental is None:
            return None
        description = self._description(platform)
        marks: list[tuple[dt.date, dict[str, Any]]] = []
        for export in load_contract(platform).objects.values():
            for reader in self._endpoints(platform, export):
                own = reader.name == endpoint.name
                if not own and endpoint not in description.above(reader):
                    continue
                known = warehouse.cursors_before(platform, self.connection_id, reader.name, account, date)
                cursor = known.get(export.name)
                if cursor is None:
                    return None
                above = cursor.state.get("parents", {})
                state = {k: v for k, v in cursor.state.items() if k != "parents"} if own else above.get(endpoint.name)
                if not state:
                    return None
                marks.append((cursor.export_date, state))
        return min(marks, key=lambda mark: mark[0])[1] if marks else None


def folders_of(export: ExportObject) -> list[str]:
    """The folders that an object's forms read."""
    return list(dict.fromkeys(form.pattern.split("/")[0] for form in export.files))


def reached(run: _Run, date: dt.date) -> dict[str, Any] | None:
    """The cursor that a finished run leaves; None when it has none (no incremental, or nothing seen yet)."""
    incremental = run.endpoint.incremental
    if incremental is None:
        return None
    if incremental.kind == "days":
        return {"time": date.isoformat()}
    before: dict[str, Any] = run.state.base.get("cursor") or {}
    times = [time for text in (run.state.high, before.get("time")) if (time := moment(text)) is not None]
    state: dict[str, Any] = {"time": max(times).isoformat()} if times else {}
    if incremental.kind == "token" and (token := run.state.token or before.get("token")) is not None:
        state["token"] = token
    return state or None


def parents_of(run: _Run, parents: Parents, window: Window, date: dt.date) -> Iterator[dict[str, Any]]:
    """Fields of the parent's records, each record once, read back from the pages that were pulled."""
    import json

    seen: set[str] = set()
    key = next((name for name, text in run.endpoint.wrap.items() if text == "page"), "")
    for line in run.staging.lines():
        page = at(json.loads(line), key)
        for record in records_at(page, run.endpoint.records):
            fields = {name: at(record, path) for name, path in parents.fields.items()}
            if None in fields.values() or not _wanted(record, parents, window, date):
                continue
            mark = "\x00".join(map(str, fields.values()))
            if mark not in seen:
                seen.add(mark)
                yield fields


def _wanted(record: Any, parents: Parents, window: Window, date: dt.date) -> bool:
    if parents.changed_since and window.since is not None:
        changed = moment(at(record, parents.changed_since))
        if changed is not None and changed < window.since:
            return False
    for path, reach in parents.within.items():
        time = moment(at(record, path))
        if time is not None and time.date() < date - duration(reach):
            return False
    for path, values in parents.when.items():
        found = at(record, path)
        if "+" in values and isinstance(found, int | float) and not isinstance(found, bool) and found > 0:
            continue
        if found not in values and not ("*" in values and found not in (None, "")):
            return False
    if parents.lacking:
        total, brought = at(record, parents.lacking.total), at(record, parents.lacking.list_)
        return isinstance(total, int) and total > (len(brought) if isinstance(brought, list) else 0)
    return True


def batched(parents: Iterator[dict[str, Any]], size: int) -> Iterator[dict[str, Any]]:
    """Several parents as one, their only field joined by commas."""
    while group := list(itertools.islice(parents, size)):
        if size == 1:
            yield group[0]
        else:
            (name,) = group[0]
            yield {name: ",".join(str(parent[name]) for parent in group)}
