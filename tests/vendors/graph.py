"""Meta's Graph API on 127.0.0.1: edges, paging, throttling and errors as Meta documents them. Made-up data only.

    graph = GraphServer(); graph.edges["111/published_posts"] = [...]          # newest first, as Graph lists them
    graph.node("111", {"id": "111", "name": "The Shop"})                       # GET /v25.0/111?fields=…

What it does as the documentation says: a token as bearer or `access_token` (error 190 without, subcode 463 when it has
expired), `appsecret_proof` where the application demands it (100), only the fields that were asked for (an edge's
default fields otherwise), at most 100 records a page, opaque `after` cursors, `next` addresses that repeat the token,
`since` on feeds, `filtering` on leads, `state`/`updated_after` on orders, `X-App-Usage`, `X-Business-Use-Case-Usage`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from connectors.apis.templates import moment
from tests.vendors.kit import Answer, Call, Clock, Limit, VendorServer, answer

Record = dict[str, Any]
DEFAULT_FIELDS = {
    "comments": ("id", "message", "created_time", "from"),
    "published_posts": ("id", "message", "created_time"),
    "commerce_orders": ("id", "order_status", "created", "last_updated"),
    "leads": ("id", "created_time", "field_data"),
    "conversations": ("id", "updated_time"),
    "messages": ("id", "created_time"),
    "media": ("id",),
    "stories": ("id",),
    "tags": ("id",),
}
INSTAGRAM_DEFAULTS = {"comments": ("id", "text", "timestamp")}
PAGE_OF_ORDERS = 25


def error(code: int, message: str, status: int = 400, *, subcode: int | None = None, kind: str = "OAuthException",
          headers: dict[str, str] | None = None) -> Answer:  # fmt: skip
    """Graph's error document."""
    body: Record = {"message": message, "type": kind, "code": code, "fbtrace_id": "AbCdEfGh"}
    if subcode is not None:
        body["error_subcode"] = subcode
    return answer({"error": body}, status, headers)


EXPIRED = error(190, "Error validating access token: Session has expired.", 400, subcode=463)
TOO_MUCH = error(1, "Please reduce the amount of data you're asking for, then retry your request", 500)
TRANSIENT = error(2, "An unexpected error has occurred. Please retry your request later.", 500)
GONE = error(
    100, "Unsupported get request. Object with ID does not exist", 400, subcode=33, kind="GraphMethodException"
)
BAD_CURSOR = error(100, "Invalid parameter: after cursor specified is invalid", 400, subcode=1487742)


class GraphServer(VendorServer):
    """edges: `<object id>/<edge>` → records; nodes: id → record. limit: calls allowed in a time, None = any number."""

    def __init__(self, token: str = "graph-token-made-up-0001", clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.token, self.app_secret = token, ""
        self.edges: dict[str, list[Record]] = {}
        self.nodes: dict[str, Record] = {}
        self.instagram: set[str] = set()
        self.limit: Limit | None = None
        self.largest: int | None = None  # pages with more records are "too much data"
        self.usage: dict[str, str] = {}  # headers of every answer
        self.dead_cursors: set[str] = set()
        self.changing: Callable[[Call], None] | None = None  # called before each answer: data change while we read
        self.route("GET", "/{version}/{object}/{edge}")(self._edge)
        self.route("GET", "/{version}/{object}")(self._node)
        self.before.append(self._check)

    def node(self, object_id: str, record: Record) -> None:
        self.nodes[object_id] = record

    def _check(self, call: Call) -> Answer | None:
        token = call.bearer or call.one("access_token")
        if token != self.token:
            return error(190, "Invalid OAuth access token - Cannot parse access token", 400)
        if self.app_secret:
            proof = hmac.new(self.app_secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
            if call.one("appsecret_proof") != proof:
                return error(100, "API calls from the server require an appsecret_proof argument")
        if self.limit and (wait := self.limit.take()) is not None:
            minutes = max(1, round(wait / 60 + 0.5))
            business = {"111": [{"type": "pages", "call_count": 101, "total_cputime": 40, "total_time": 41,
                                 "estimated_time_to_regain_access": minutes}]}  # fmt: skip
            return error(32, "Page request limit reached", 400,
                         headers={"X-Business-Use-Case-Usage": json.dumps(business)})  # fmt: skip
        if self.changing:
            self.changing(call)
        return None

    def _node(self, call: Call) -> Answer:
        record = self.nodes.get(call.params["object"])
        if record is None:
            return GONE
        return answer({**_chosen(record, _fields(call)), "id": record["id"]}, headers=self.usage)

    def _edge(self, call: Call) -> Answer:
        key = f"{call.params['object']}/{call.params['edge']}"
        if key not in self.edges:
            return GONE
        edge = call.params["edge"]
        if edge == "insights":
            return self._insights(call, self.edges[key])
        defaults = DEFAULT_FIELDS.get(edge, ("id",))
        if call.params["object"] in self.instagram:
            defaults = INSTAGRAM_DEFAULTS.get(edge, defaults)
        records = [r for r in self.edges[key] if _asked_for(edge, r, call)]
        most = min(call.number("limit", 25), PAGE_OF_ORDERS if edge == "commerce_orders" else 100)
        if self.largest is not None and most > self.largest:
            return TOO_MUCH
        after = call.one("after")
        start = 0
        if after:
            if after in self.dead_cursors:
                return BAD_CURSOR
            try:
                start = int(base64.urlsafe_b64decode(after).decode().removeprefix("c:"))
            except ValueError:
                return BAD_CURSOR
        page = records[start : start + most]
        body: Record = {"data": [{**_chosen(r, _fields(call) or defaults), "id": r["id"]} if "id" in r
                                 else _chosen(r, _fields(call) or defaults) for r in page]}  # fmt: skip
        if page:
            cursors = {"before": cursor(start), "after": cursor(start + len(page))}
            body["paging"] = {"cursors": cursors}
            if start + len(page) < len(records):
                body["paging"]["next"] = self._next(call, cursors["after"])
        return answer(body, headers=self.usage)

    def _insights(self, call: Call, records: list[Record]) -> Answer:
        """One record per metric, its values between since and until (exclusive), as unix seconds or dates."""
        wanted = (call.one("metric") or "").split(",")
        since, until = moment(call.one("since")), moment(call.one("until"))
        if since and until and (until - since).days > 90:
            return error(100, "(#100) There cannot be more than 90 days between since and until")
        data = []
        for record in records:
            if record["name"] not in wanted:
                continue
            values = [
                v for v in record["values"]
                if "end_time" not in v or since is None or until is None or since <= moment(v["end_time"]) < until
            ]  # fmt: skip
            if values:
                data.append({**record, "values": values})
        return answer({"data": data, "paging": {}}, headers=self.usage)

    def _next(self, call: Call, after: str) -> str:
        query = {name: values[-1] for name, values in call.query.items()}
        return f"{self.url}{call.path}?{urlencode({**query, 'access_token': self.token, 'after': after})}"


def cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"c:{position}".encode()).decode()


def _fields(call: Call) -> tuple[str, ...]:
    """Top-level names of `fields`: id,from{id,name},comments.limit(3){id} → id, from, comments."""
    text = call.one("fields") or ""
    while "{" in text:
        text, before = re.sub(r"\{[^{}]*\}", "", text), text
        if text == before:
            break
    return tuple(part.split(".")[0].strip() for part in text.split(",") if part.strip())


def _chosen(record: Record, fields: tuple[str, ...]) -> Record:
    return {name: record[name] for name in fields if name in record} if fields else dict(record)


def _asked_for(edge: str, record: Record, call: Call) -> bool:
    """Filters that the edges document."""
    if edge == "commerce_orders":
        states = (call.one("state") or "CREATED").split(",")
        after = call.number("updated_after", 0)
        changed = moment(record["last_updated"])
        return record["order_status"]["state"] in states and changed is not None and changed.timestamp() > after
    if edge == "leads" and (text := call.one("filtering")):
        created = moment(record["created_time"])
        assert created is not None
        for rule in json.loads(text):
            assert rule["field"] == "time_created"
            seconds, value = created.timestamp(), float(rule["value"])
            if rule["operator"] == "GREATER_THAN" and not seconds > value:
                return False
            if rule["operator"] == "GREATER_THAN_OR_EQUAL" and not seconds >= value:
                return False
        return True
    if edge == "published_posts" and (since := call.one("since")):
        created, start = moment(record["created_time"]), moment(since)
        return created is not None and start is not None and created >= start
    return True
