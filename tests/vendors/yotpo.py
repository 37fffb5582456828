"""Yotpo's review API as its documentation describes it: a token that expires after 14 days, numbered pages, flags
instead of deletions.

Sources: apidocs.yotpo.com (About authentication, Yotpo authentication, Retrieve all reviews, Export raw e-mail data,
Unsubscribers); paths and paging as public connectors use them. The bodies of refusals are not documented exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.vendors.kit import Answer, Call, Clock, Limit, VendorServer, answer
from tests.vendors.people import code, iso_millis, moment, person, unix

APP_KEY, SECRET = "made-up-app-key", "made-up-secret"
TOKEN_SECONDS = 14 * 86_400.0


class Yotpo(VendorServer):
    def __init__(self, clock: Clock | None = None, *, calls_a_minute: int = 5000) -> None:
        super().__init__(clock)
        self.reviews: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.unsubscribers: list[dict[str, Any]] = []
        self.after_page: list[Callable[[str, int], None]] = []
        self.limit = Limit(self.clock, calls_a_minute, 60)
        self.tokens: dict[str, float] = {}
        self._pages: dict[str, int] = {}
        self.before.append(self._authorise)
        self.post("/oauth/token")(self._token)
        self.get("/v1/apps/{app}/reviews")(self._reviews)
        self.get("/apps/{app}/unsubscribers")(self._unsubscribers)
        self.get("/analytics/v1/emails/{app}/export/raw_data")(self._raw_data)

    # -- data ---------------------------------------------------------------------------------------------------------

    def add_review(self, number: int, at: float, **fields: Any) -> dict[str, Any]:
        self.reviews.append(review(number, at, **fields))
        return self.reviews[-1]

    def add_request(self, number: int, sent: float, **fields: Any) -> dict[str, Any]:
        self.requests.append(request(number, sent, **fields))
        return self.requests[-1]

    def add_unsubscriber(self, number: int) -> None:
        self.unsubscribers.append({"id": 80_000 + number, "user_email": person(number).email, "email_type_id": 1,
                                   "unsubscribed_by_name": "User"})  # fmt: skip

    def expire_tokens(self) -> None:
        self.tokens.clear()

    # -- behaviour ----------------------------------------------------------------------------------------------------

    def _authorise(self, call: Call) -> Answer | None:
        if call.path == "/oauth/token":
            return None
        given = call.one("utoken") or call.one("token") or call.headers.get("x-yotpo-token") or ""
        if self.tokens.get(given, 0.0) <= self.clock.time():
            return answer({"status": {"code": 401, "message": "Access Denied"}}, 401)
        wait = self.limit.take()
        if wait is not None:
            return answer({"status": {"code": 429, "message": "Too Many Requests"}}, 429)
        return None

    def _token(self, call: Call) -> Answer:
        sent = call.json() if "json" in call.headers.get("content-type", "") else call.form()
        if (sent.get("client_id"), sent.get("client_secret"), sent.get("grant_type")) != (
            APP_KEY, SECRET, "client_credentials",
        ):  # fmt: skip
            return answer({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        token = code("yotpo.token", len(self.tokens) + len(self.calls), 40)
        self.tokens[token] = self.clock.time() + TOKEN_SECONDS
        return answer({"access_token": token, "token_type": "bearer"})

    def _turned(self, kind: str) -> None:
        self._pages[kind] = self._pages.get(kind, 0) + 1
        for hook in self.after_page:
            hook(kind, self._pages[kind])

    @staticmethod
    def _sliced(records: list[dict[str, Any]], call: Call, name: str, most: int) -> list[dict[str, Any]]:
        size, page = min(call.number(name, 10), most), max(call.number("page", 1), 1)
        return records[(page - 1) * size : page * size]

    def _reviews(self, call: Call) -> Answer:
        """Newest first. since_updated_at and since_date are times; a page past the end is empty."""
        if call.params["app"] != APP_KEY:
            return answer({"status": {"code": 404, "message": "App not found"}}, 404)
        found = self.reviews
        for parameter, name in (("since_updated_at", "updated_at"), ("since_date", "created_at")):
            since = call.one(parameter)
            if since:
                found = [record for record in found if unix(record[name]) >= unix(since)]
        if call.one("deleted") != "true":
            found = [record for record in found if not record["deleted"]]
        found = sorted(found, key=lambda record: (unix(record["created_at"]), record["id"]), reverse=True)
        given = answer({"reviews": self._sliced(found, call, "count", 100)})
        self._turned("reviews")
        return given

    def _unsubscribers(self, call: Call) -> Answer:
        page = self._sliced(self.unsubscribers, call, "count", 5000)
        given = answer({"status": {"code": 200, "message": "OK"}, "response": {"unsubscribers": page}})
        self._turned("unsubscribers")
        return given

    def _raw_data(self, call: Call) -> Answer:
        """Days, not times: since and until are inclusive."""
        since, until = call.one("since") or "0001-01-01", call.one("until") or "9999-12-31"
        found = [r for r in self.requests if since <= r["email_sent_timestamp"][:10] <= until]
        found = sorted(
            found, key=lambda record: record["email_sent_timestamp"], reverse=call.one("sort") != "ascending"
        )
        page = self._sliced(found, call, "per_page", 1000)
        given = answer({"records": page, "total_records": len(found)})
        self._turned("raw_data")
        return given


def review(number: int, at: float, **fields: Any) -> dict[str, Any]:
    """A review in the shape of the real sample: the name is cut short."""
    who = person(number)
    return {
        "id": 465_000_000 + number, "title": "Made up", "content": "It is really good", "score": 1 + number % 5,
        "votes_up": 0, "votes_down": 0, "created_at": iso_millis(at), "updated_at": iso_millis(at + 101),
        "sentiment": 0.960069, "sku": str(100 + number % 7), "name": f"{who.given} {who.family[0]}.",
        "email": who.email, "reviewer_type": "verified_buyer", "deleted": False, "archived": False, "escalated": False,
        "is_incentivized": False, **fields,
    }  # fmt: skip


def request(number: int, sent: float, **fields: Any) -> dict[str, Any]:
    """One mail of the raw data export: order → mail → opened → clicked → review."""
    stamp = moment(sent).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "email_address": person(number).email, "order_id": str(1000 + number),
        "order_timestamp": moment(sent - 86_400 * 14).strftime("%Y-%m-%d %H:%M:%S"),
        "product_id": str(100 + number % 7),
        "sku": 100 + number % 7, "email_type": "mail_post_service", "reminder_num": 0, "trr_bundle_id": None,
        "trr_bundle_subject": None, "review_type": "site_and_product", "coupon_code": None, "platform": "shopify",
        "email_sent_timestamp": stamp, "opened_timestamp": stamp if number % 2 else None,
        "clicked_through_timestamp": None, "content_creation_timestamp": None, "invalid_address_timestamp": None,
        "failed_timestamp": None, "unsubscribed_timestamp": None, "marked_spam_timestamp": None,
        "arrived_early_timestamp": None, **fields,
    }  # fmt: skip
