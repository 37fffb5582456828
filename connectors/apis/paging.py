"""The first request of a task, and the one after each page."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.apis.answers import Answer
from connectors.apis.client import ApiClient, Request
from connectors.apis.endpoints import Endpoint
from connectors.apis.templates import at, fill
from connectors.errors import ApiError


def first_request(endpoint: Endpoint, values: Mapping[str, Any], size: int | None) -> Request:
    """The request that opens a task. values: variables, account, parents' fields, window."""
    values = {**values, "page_size": size}
    request = Request(
        endpoint.method, str(fill(endpoint.path, values)), fill(endpoint.params, values), fill(endpoint.body, values)
    )
    paging = endpoint.paging
    if paging.kind == "page_number" or (paging.kind == "offset" and paging.first):
        request = put(request, paging.into, paging.param, paging.first)
    return sized(endpoint, request, size)


def sized(endpoint: Endpoint, request: Request, size: int | None) -> Request:
    """The request with this page size."""
    if endpoint.page_size is None or size is None:
        return request
    return put(request, endpoint.page_size.into, endpoint.page_size.param, size)


def next_request(
    client: ApiClient, endpoint: Endpoint, request: Request, answer: Answer, records: list[Any], seen: int,
    size: int | None, where: str,
) -> Request | None:  # fmt: skip
    """The request for the page after this one; None: it was the last. seen: records of the task so far."""
    paging = endpoint.paging
    if paging.kind == "none":
        return None
    if paging.stop and at(answer.page, paging.stop.at) in paging.stop.values:
        return None
    if paging.short and size is not None and len(records) < size:
        return None
    following = _following(client, endpoint, request, answer, records, seen, size, where)
    if following is not None and (following.url, following.params, following.body) == (
        request.url, request.params, request.body,
    ):  # fmt: skip
        raise ApiError(f"{where}: the vendor names the same page as its next one; nothing more can be read.")
    return following


def _following(
    client: ApiClient, endpoint: Endpoint, request: Request, answer: Answer, records: list[Any], seen: int,
    size: int | None, where: str,
) -> Request | None:  # fmt: skip
    paging = endpoint.paging
    if paging.kind == "next_url":
        url = at(answer.page, paging.at)
        return client.next_request(endpoint, request, url, where) if isinstance(url, str) and url else None
    if paging.kind == "link_header":
        url = answer.next_link
        return client.next_request(endpoint, request, url, where) if url else None
    if paging.kind == "cursor":
        value = at(answer.page, paging.at)
        return None if value in (None, "", False) else _moved(endpoint, request, value, size)
    if not records:
        return None
    if paging.kind == "last_id":
        value = at(records[-1], paging.at)
        return None if value is None else _moved(endpoint, request, value, size)
    total = at(answer.page, paging.total) if paging.total else None
    if isinstance(total, int):
        if seen >= total:
            return None
    elif size is not None and len(records) < size:
        return None
    if paging.kind == "offset":
        return put(request, paging.into, paging.param, paging.first + seen)
    number = request.params.get(paging.param) if paging.into == "query" else at(request.body, paging.param)
    return put(request, paging.into, paging.param, int(number or 0) + 1)


def _moved(endpoint: Endpoint, request: Request, value: Any, size: int | None) -> Request:
    """The request with the next cursor; without `keep`, the cursor (and the page size) stand alone."""
    paging = endpoint.paging
    if not paging.keep:
        request = sized(endpoint, replace(request, params={}), size)
    return put(request, paging.into, paging.param, value)


def put(request: Request, into: str, name: str, value: Any) -> Request:
    """The request with one parameter more (or another). In a body, `name` is a dotted path."""
    if into == "query":
        return replace(request, params={**request.params, name: value})
    body = copy.deepcopy(request.body) if isinstance(request.body, dict) else {}
    inner: Any = body
    *steps, last = name.split(".")
    for step in steps:
        inner = inner[int(step)] if isinstance(inner, list) else inner.setdefault(step, {})
    inner[last] = value
    return replace(request, body=body)
