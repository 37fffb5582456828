"""Shopify's bulk operations on 127.0.0.1, as Shopify documents them. Made-up orders only.

    shop = ShopifyServer()                     # shop.records: JSON lines of a query's result, root and children
    shop.polls                                 # how often an operation is asked for before it has ended

One operation at a time per app; the result is a file of JSON lines behind a signed address, whose children follow
somewhere with `__parentId`. Answers carry `extensions.cost`; a throttled one has status 200 and the code THROTTLED.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

from connectors.apis.templates import moment
from tests.vendors.kit import Answer, Call, Clock, VendorServer, answer

Record = dict[str, Any]
TOKEN = "shpat_made_up_0123456789"


class ShopifyServer(VendorServer):
    """roots of `orders` and `customers` are selected by updatedAt as the query's search says."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.records: dict[str, list[list[Record]]] = {"orders": [], "customers": []}  # each: root, its children
        self.polls = 2
        self.operations: dict[str, Record] = {}
        self.files: dict[str, bytes] = {}
        self.endings: list[tuple[str, str | None]] = []  # (status, errorCode) of the next operations, then COMPLETED
        self.busy_until = 0.0
        self.points = 1000.0
        self.early = self.throttled = 0
        self._asked_at = clock.time() if clock else self.clock.time()
        self._again_at = 0.0
        self.post("/admin/api/{version}/graphql.json")(self._graphql)
        self.get("/signed/{file}")(self._file)
        self.user_errors: list[Record] = []
        self.on_file: Callable[[bytes], bytes] = lambda body: body

    def _graphql(self, call: Call) -> Answer:
        if call.headers.get("x-shopify-access-token") != TOKEN:
            return answer(
                {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, 401
            )
        now = self.clock.time()
        if now < self._again_at:
            self.early += 1
        self.points = min(1000.0, self.points + (now - self._asked_at) * 50)
        self._asked_at = now
        cost = 10
        if self.points < cost:
            self.throttled += 1
            self._again_at = now + (cost - self.points) / 50
            status = {"maximumAvailable": 1000.0, "currentlyAvailable": self.points, "restoreRate": 50.0}
            return answer({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
                           "extensions": {"cost": {"requestedQueryCost": cost, "actualQueryCost": None,
                                                   "throttleStatus": status}}})  # fmt: skip
        self.points -= cost
        body = call.json()
        data = self._start(body["variables"]["query"]) if "bulkOperationRunQuery" in body["query"] else self._look(body)
        return answer({"data": data, "extensions": {"cost": {"requestedQueryCost": cost}}})

    def _start(self, query: str) -> Record:
        running = any(op["status"] in ("CREATED", "RUNNING") for op in self.operations.values())
        if running or self.clock.time() < self.busy_until:
            error = {"field": None, "message": "A bulk query operation for this app and shop is already in progress.",
                     "code": "OPERATION_IN_PROGRESS"}  # fmt: skip
            return {"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": [error]}}
        if self.user_errors:
            return {"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": self.user_errors}}
        identity = f"gid://shopify/BulkOperation/{len(self.operations) + 1}"
        kind = "orders" if re.search(r"\borders\(", query) else "customers"
        since = re.search(r"updated_at:>='([^']+)'", query)
        created = dt.datetime.fromtimestamp(self.clock.time(), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.operations[identity] = {
            "id": identity, "status": "CREATED", "errorCode": None, "createdAt": created, "_left": self.polls,
            "_kind": kind, "_since": moment(since[1]) if since else None, "objectCount": "0", "fileSize": None,
            "url": None, "partialDataUrl": None,
        }  # fmt: skip
        operation = {name: self.operations[identity][name] for name in ("id", "status", "createdAt")}
        return {"bulkOperationRunQuery": {"bulkOperation": operation, "userErrors": []}}

    def _look(self, body: Record) -> Record:
        operation = self.operations.get(body["variables"]["id"])
        if operation is None:
            return {"node": None}
        if operation["status"] in ("CREATED", "RUNNING"):
            operation["_left"] -= 1
            operation["status"] = "RUNNING"
            if operation["_left"] <= 0:
                status, code = self.endings.pop(0) if self.endings else ("COMPLETED", None)
                operation |= {"status": status, "errorCode": code}
                if status == "COMPLETED":
                    self._write(operation)
        return {"node": {name: value for name, value in operation.items() if not name.startswith("_")}}

    def _write(self, operation: Record) -> None:
        """Roots first, children somewhere behind: the order of lines is not promised."""
        since = operation["_since"]
        chosen = [group for group in self.records[operation["_kind"]]
                  if since is None or (moment(group[0]["updatedAt"]) or since) >= since]  # fmt: skip
        lines = [group[0] for group in chosen] + [child for group in reversed(chosen) for child in group[1:]]
        if not lines:
            return
        body = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
        name = operation["id"].rpartition("/")[2]
        self.files[name] = body
        operation |= {"url": f"{self.url}/signed/{name}?X-Signature=a%2Fb%3D%2B", "fileSize": str(len(body)),
                      "objectCount": str(len(lines))}  # fmt: skip

    def _file(self, call: Call) -> Answer:
        if call.headers.get("x-shopify-access-token"):
            return answer({"error": "our token does not belong here"}, 400)
        if call.one("X-Signature") != "a/b=+":
            return answer({"error": "SignatureDoesNotMatch"}, 403)
        return Answer(200, self.on_file(self.files[call.params["file"]]), {"Content-Type": "application/jsonl"})


def order(number: int, updated: str, lines: int = 2, *, refunded: bool = False) -> list[Record]:
    """An order as the bulk query gives it: the root, its lines, a visit."""
    gid = f"gid://shopify/Order/{5000 + number}"
    money = {"shopMoney": {"amount": "20.0", "currencyCode": "EUR"}}
    root: Record = {
        "id": gid, "name": f"#{1000 + number}", "email": f"person{number}@example.com", "test": False,
        "createdAt": "2026-01-02T10:00:00Z", "processedAt": "2026-01-02T10:00:00Z", "updatedAt": updated,
        "displayFinancialStatus": "REFUNDED" if refunded else "PAID", "currencyCode": "EUR", "totalPriceSet": money,
        "customer": {"id": f"gid://shopify/Customer/{7000 + number}"}, "refunds": [], "fulfillments": [],
    }  # fmt: skip
    if refunded:
        root["refunds"] = [{"id": f"gid://shopify/Refund/{6000 + number}", "createdAt": updated,
                            "totalRefundedSet": money}]  # fmt: skip
    children = [
        {"id": f"gid://shopify/LineItem/{9000 + number * 10 + n}", "name": f"Thing {n}", "sku": f"SKU{n}",
         "quantity": 1, "originalUnitPriceSet": {"shopMoney": {"amount": "10.0"}}, "__parentId": gid}
        for n in range(lines)
    ]  # fmt: skip
    visit = {"id": f"gid://shopify/CustomerVisit/{8000 + number}", "occurredAt": "2026-01-02T09:00:00Z",
             "landingPage": "https://shop.example.com/", "source": "direct", "__parentId": gid}  # fmt: skip
    return [root, *children, visit]
