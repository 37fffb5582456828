"""Shopify's bulk operations: start a query, wait until the shop has written its JSON lines, download them.

Source: Shopify, "Perform bulk operations with the GraphQL Admin API". options: `query` (one connection, with
`${search}` where its filter goes), `search` (the filter, with `${since}`), `poll_seconds`, `longest_poll_seconds`.

The operation's id is kept in the state, so a pull that was killed waits for the operation it had started. The cursor is
the moment at which the operation was created, by the shop's clock: whatever changed before it is in the file.
"""

from __future__ import annotations

import logging
from typing import Any

from connectors.apis.client import Request
from connectors.apis.pages import Job
from connectors.apis.templates import Missing, at, fill, moment
from connectors.errors import ApiAccessError, ApiError

log = logging.getLogger(__name__)

_START = (
    "mutation start($query: String!) { bulkOperationRunQuery(query: $query)"
    " { bulkOperation { id status createdAt } userErrors { field message code } } }"
)
_LOOK = (
    "query look($id: ID!) { node(id: $id) { ... on BulkOperation"
    " { id status errorCode createdAt objectCount fileSize url partialDataUrl } } }"
)
_UNDER_WAY = {"CREATED", "RUNNING", "CANCELING"}
_BUSY = "OPERATION_IN_PROGRESS"
_TRIES = 3


def pull_bulk(job: Job) -> None:
    """Start (or find again) the operation, wait for it, download its file."""
    for attempt in range(1, _TRIES + 1):
        operation = _finished(job)
        if operation["status"] == "COMPLETED":
            break
        job.state.memory.pop("operation", None)
        job.staging.save(job.state)
        code = operation.get("errorCode")
        if code == "ACCESS_DENIED":
            raise ApiAccessError(
                f"{job.where}: the shop denies the bulk query (ACCESS_DENIED) to the connection"
                f" {job.client.connection.id}. Give its app the scopes that the query needs, then pull again."
            )
        if attempt == _TRIES or operation["status"] == "CANCELED":
            raise ApiError(f"{job.where}: the bulk operation is {operation['status']} ({code or 'no code'}).")
        log.warning("%s: the bulk operation is %s (%s); starting another", job.where, operation["status"], code)
    created = moment(operation.get("createdAt"))
    job.state.high = created.isoformat() if created else None
    _download(job, operation)


def _finished(job: Job) -> dict[str, Any]:
    """The operation, when it has ended."""
    state, client = job.state, job.client
    pause = float(job.endpoint.options.get("poll_seconds", 10))
    longest = float(job.endpoint.options.get("longest_poll_seconds", 120))
    patience = client.description.limits_of(job.endpoint).patience_minutes * 60
    waited = 0.0
    while True:
        if "operation" not in state.memory:
            started = _start(job)
            if started:
                state.memory["operation"] = started
                job.staging.save(state)
        else:
            operation = _look(job, state.memory["operation"])
            if operation is None:  # older than the shop remembers
                del state.memory["operation"]
                continue
            if operation["status"] not in _UNDER_WAY:
                return operation
        if waited + pause > patience:
            raise ApiError(
                f"{job.where}: the bulk operation has not ended after {waited / 60:.0f} minutes; pull later."
            )
        client.clock.sleep(pause)
        waited, pause = waited + pause, min(pause * 1.5, longest)


def _start(job: Job) -> str | None:
    """Id of a new operation; None while another one of the app is under way."""
    options, endpoint = job.endpoint.options, job.endpoint
    try:
        search = str(fill(options.get("search", ""), {**job.values, **job.window.values(endpoint.incremental)}))
    except Missing:
        search = ""
    query = str(fill(options["query"], {"search": search}))
    page = _post(job, {"query": _START, "variables": {"query": query}}, "start of the bulk operation")
    answer = at(page, "data.bulkOperationRunQuery") or {}
    errors = answer.get("userErrors") or []
    if any(error.get("code") == _BUSY or "already in progress" in str(error.get("message")) for error in errors):
        log.info("%s: another bulk operation is under way; waiting", job.where)
        return None
    if errors or not at(answer, "bulkOperation.id"):
        codes = ", ".join(sorted({str(error.get("code")) for error in errors})) or "no operation"
        raise ApiAccessError(
            f"{job.where}: the shop refuses the bulk query ({codes}). Compare options.query of endpoint {endpoint.name}"
            f" in connectors/apis/vendors/{job.client.description.platform}.yml with the API's version."
        )
    return str(answer["bulkOperation"]["id"])


def _look(job: Job, operation: str) -> dict[str, Any] | None:
    page = _post(job, {"query": _LOOK, "variables": {"id": operation}}, "state of the bulk operation")
    found = at(page, "data.node")
    return found if isinstance(found, dict) and found.get("status") else None


def _post(job: Job, body: dict[str, Any], what: str) -> Any:
    path = str(fill(job.endpoint.path, job.values))
    return job.client.ask(job.endpoint, Request("POST", path, body=body), f"{job.where}, {what}").page


def _download(job: Job, operation: dict[str, Any]) -> None:
    """The file, if there is one: no object changed otherwise. Its address is signed, so our identity is not sent."""
    url = operation.get("url")
    if not url:
        return
    target = job.staging.new_file(f"{str(operation['id']).rpartition('/')[2]}.jsonl")
    where = f"{job.where}, file of the bulk operation"
    size = job.client.download(job.endpoint, Request(url=url, open_=True), target, where)
    told = operation.get("fileSize")
    if told is not None and int(told) != size:
        raise ApiError(f"{where}: {size:,} bytes came instead of {int(told):,}. Pull again.")
    job.state.files[target.name] = size
    job.state.pages, job.state.records = 1, int(operation.get("objectCount") or 0)
