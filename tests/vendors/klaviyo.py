"""Klaviyo's API as its documentation describes it: JSON:API, cursor paging, two fixed rate-limit windows per endpoint.

Sources: developers.klaviyo.com (API overview: filtering, pagination, revisions; Rate limits, status codes, and errors;
Get Profiles, Get Events, Get Metrics, Get Lists, Get Campaigns, Get Flows). That cursors expire is not documented; here
they do, since a client must survive it anyway.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.vendors.kit import Answer, Call, Clock, VendorServer, answer
from tests.vendors.people import code, iso_offset, moment, person, unix

KEY = "pk_0123456789abcdef0123456789abcdef01"
REVISION = re.compile(r"\d{4}-\d{2}-\d{2}(\.\w+)?")
CURSOR_SECONDS = 3600.0
_CONDITION = re.compile(r"""([a-z-]+)\(([\w.]+),["']?([^()"']+)["']?\)""")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SORT = {"profiles": "updated", "events": "datetime", "metrics": "id", "lists": "id", "campaigns": "id", "flows": "id"}
_PAGE = {"profiles": (20, 100), "events": (200, 1000), "lists": (10, 10), "flows": (50, 50)}  # default, maximum
_FIELDS = {
    "profiles": {"updated", "created", "email", "id", "subscriptions.email.marketing.suppression.reason"},
    "events": {"datetime", "timestamp", "metric_id", "profile_id"},
    "lists": {"updated", "created", "id", "name"},
    "flows": {"updated", "created", "id", "status"},
    "campaigns": {"updated_at", "created_at", "messages.channel", "status"},
    "metrics": {"integration.name", "integration.category"},
}


class Klaviyo(VendorServer):
    """burst and steady: calls per second and per minute; data: kind → records, in any order."""

    def __init__(self, clock: Clock | None = None, *, key: str = KEY, burst: int = 75, steady: int = 700) -> None:
        super().__init__(clock)
        self.key, self.burst, self.steady = key, burst, steady
        self.data: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _SORT}
        self.after_page: list[Callable[[str, int], None]] = []
        self.pages: dict[str, int] = dict.fromkeys(_SORT, 0)
        self.early = self.refused = 0
        self._windows: dict[tuple[str, int, int], int] = {}
        self._not_before = 0.0
        self.before.append(self._authorise)
        for kind in _SORT:
            self.get(f"/api/{kind}")(lambda call, kind=kind: self._list(kind, call))
            self.get(f"/api/{kind}/")(lambda call, kind=kind: self._list(kind, call))

    # -- data ---------------------------------------------------------------------------------------------------------

    def add_profile(self, number: int, updated: float, **attributes: Any) -> dict[str, Any]:
        record = profile(number, updated, **attributes)
        self.data["profiles"].append(record)
        return record

    def add_event(self, number: int, at: float, metric: int, who: int, **properties: Any) -> dict[str, Any]:
        record = event(number, at, metric, who, **properties)
        self.data["events"].append(record)
        return record

    def add_metric(self, number: int, name: str, integration: str | None = "klaviyo") -> dict[str, Any]:
        record = metric(number, name, self.clock.time(), integration)
        self.data["metrics"].append(record)
        return record

    # -- behaviour ----------------------------------------------------------------------------------------------------

    def _authorise(self, call: Call) -> Answer | None:
        kind, _, key = call.headers.get("authorization", "").partition(" ")
        if not key:
            return error(401, "not_authenticated", "Authentication credentials were not provided.")
        if kind != "Klaviyo-API-Key" or key != self.key:
            return error(401, "authentication_failed", "Incorrect authentication credentials.")
        if not REVISION.fullmatch(call.headers.get("revision", "")):
            return error(400, "invalid", "A valid revision header (YYYY-MM-DD) is required.")
        return None

    def _throttle(self, kind: str, call: Call) -> tuple[Answer | None, dict[str, str]]:
        """Fixed windows of a second and a minute, as documented; predictive analytics cost more."""
        burst, steady = self.burst, self.steady
        if "predictive_analytics" in (call.one("additional-fields[profile]") or ""):
            burst, steady = min(burst, 10), min(steady, 150)
        now = self.clock.time()
        if now < self._not_before:
            self.early += 1
        for limit, seconds in ((burst, 1), (steady, 60)):
            window = (kind, seconds, int(now // seconds))
            used = self._windows.get(window, 0)
            if used >= limit:
                wait = max(int((now // seconds + 1) * seconds - now + 0.999), 1)
                self.refused += 1
                self._not_before = max(self._not_before, now + wait)
                detail = f"Request was throttled. Expected available in {wait} second."
                return error(429, "throttled", detail, {"Retry-After": str(wait)}), {}
        for seconds in (1, 60):
            window = (kind, seconds, int(now // seconds))
            self._windows[window] = self._windows.get(window, 0) + 1
        left = steady - self._windows[(kind, 60, int(now // 60))]
        reset = int((now // 60 + 1) * 60 - now)
        headers = {"RateLimit-Limit": f"{steady}, {burst};w=1, {steady};w=60", "RateLimit-Remaining": str(left)}
        return None, {**headers, "RateLimit-Reset": str(reset)}

    def _list(self, kind: str, call: Call) -> Answer:
        refused, headers = self._throttle(kind, call)
        if refused is not None:
            return refused
        try:
            conditions = _conditions(call.one("filter"), _FIELDS[kind])
        except ValueError as problem:
            return error(400, "invalid", str(problem), parameter="filter")
        if kind == "campaigns" and not any(name == "messages.channel" for _, name, _ in conditions):
            return error(400, "invalid", "A channel filter is required to list campaigns.", parameter="filter")
        default, maximum = _PAGE.get(kind, (200, 200))
        size = call.number("page[size]", default)
        if ("page[size]" in call.query and kind not in _PAGE) or not 1 <= size <= maximum:
            return error(400, "invalid", f"page[size] must be between 1 and {maximum}.", parameter="page[size]")
        after: list[Any] | None = None
        if call.one("page[cursor]"):
            after = _read_cursor(call.one("page[cursor]") or "", self.clock.time())
            if after is None:
                return error(400, "invalid", "Invalid page cursor.", parameter="page[cursor]")
        name = (call.one("sort") or _SORT[kind]).lstrip("-")
        down = (call.one("sort") or "").startswith("-")
        found = [record for record in self.data[kind] if all(_fits(record, *condition) for condition in conditions)]
        found.sort(key=lambda record: _position(record, name), reverse=down)
        if after is not None:
            found = [r for r in found if (_position(r, name) < after if down else _position(r, name) > after)]
        page = [_shown(record, kind, call) for record in found[:size]]
        more = len(found) > size
        links = {"self": f"{self.url}{call.path}", "first": None, "last": None, "prev": None, "next": None}
        if more:
            cursor = _write_cursor(_position(found[size - 1], name), self.clock.time())
            kept = {key: values[-1] for key, values in call.query.items() if key != "page[cursor]"}
            links["next"] = f"{self.url}{call.path}?{urlencode({**kept, 'page[cursor]': cursor})}"
        self.pages[kind] += 1
        given = answer({"data": page, "links": links}, headers={**headers, "Content-Type": "application/vnd.api+json"})
        for hook in self.after_page:
            hook(kind, self.pages[kind])
        return given


def error(
    status: int, code_: str, detail: str, headers: dict[str, str] | None = None, parameter: str = "/data/"
) -> Answer:
    """An error document of JSON:API in Klaviyo's form."""
    title = {401: "Authentication failed.", 429: "Request was throttled."}.get(status, "Invalid input.")
    body = {"id": "0f0e0d0c-0000-4000-8000-000000000000", "status": status, "code": code_, "title": title,
            "detail": detail, "source": {"parameter": parameter}, "links": {}, "meta": {}}  # fmt: skip
    return answer({"errors": [body]}, status, {"Content-Type": "application/vnd.api+json", **(headers or {})})


def _conditions(text: str | None, allowed: set[str]) -> list[tuple[str, str, str]]:
    """greater-than(updated,2026-01-01T00:00:00Z),equals(…) → operator, field, value. Raises ValueError."""
    if not text:
        return []
    inner = text[4:-1] if text.startswith("and(") and text.endswith(")") else text
    found = _CONDITION.findall(inner)
    if not found or "".join(_CONDITION.sub("", inner).split(",")):
        raise ValueError("The filter is not of the form operator(field,value).")
    for operator, name, _ in found:
        if name not in allowed:
            raise ValueError(f"'{name}' is not a filterable field.")
        if operator not in ("equals", "greater-than", "greater-or-equal", "less-than", "less-or-equal", "any"):
            raise ValueError(f"'{operator}' is not an operator.")
    return found


def _fits(record: dict[str, Any], operator: str, name: str, value: str) -> bool:
    attributes = record["attributes"]
    if name == "messages.channel":
        return bool(attributes["channel"] == value)
    if name.startswith("subscriptions."):
        suppressions = attributes["subscriptions"]["email"]["marketing"]["suppressions"]
        return any(entry["reason"] == value for entry in suppressions)
    if name in ("metric_id", "profile_id"):
        return bool(record["relationships"][name.removesuffix("_id")]["data"]["id"] == value)
    if operator == "equals":
        return bool(attributes.get(name, record.get(name)) == value)
    left, right = unix(str(attributes[name])), unix(value)
    return {"greater-than": left > right, "greater-or-equal": left >= right, "less-than": left < right}.get(
        operator, left <= right
    )


def _position(record: dict[str, Any], name: str) -> list[Any]:
    value = record["id"] if name == "id" else unix(str(record["attributes"][name]))
    return [value, record["id"]]


def _shown(record: dict[str, Any], kind: str, call: Call) -> dict[str, Any]:
    """Subscriptions and predictions of a profile are sent only when asked for."""
    if kind != "profiles":
        return record
    asked = (call.one("additional-fields[profile]") or "").split(",")
    hidden = {"subscriptions", "predictive_analytics"} - set(asked)
    return {**record, "attributes": {key: value for key, value in record["attributes"].items() if key not in hidden}}


def _write_cursor(position: list[Any], now: float) -> str:
    return base64.urlsafe_b64encode(json.dumps([position, now + CURSOR_SECONDS]).encode()).decode()


def _read_cursor(text: str, now: float) -> list[Any] | None:
    try:
        position, until = json.loads(base64.urlsafe_b64decode(text))
    except ValueError:
        return None
    return list(position) if until > now else None


def profile(number: int, updated: float, **attributes: Any) -> dict[str, Any]:
    """One profile in the shape of the real samples."""
    who, id_ = person(number), f"01F{code('klaviyo.profile', number, 23, _CROCKFORD)}"
    base = f"https://a.klaviyo.com/api/profiles/{id_}/"
    marketing = {"consent": "SUBSCRIBED", "timestamp": iso_offset(updated), "method": "FORM", "method_detail": "SpQ2vT"}
    email = {
        **marketing,
        "custom_method_detail": None,
        "double_optin": True,
        "suppressions": [],
        "list_suppressions": [],
    }
    sms = {"consent": "NEVER_SUBSCRIBED", "timestamp": None, "method": None, "method_detail": None}
    return {
        "type": "profile",
        "id": id_,
        "attributes": {
            "email": who.email, "phone_number": who.phone, "external_id": str(7_000_000 + number), "anonymous_id": None,
            "first_name": who.given, "last_name": who.family, "organization": None, "title": None, "image": None,
            "created": iso_offset(updated - 86_400), "updated": iso_offset(updated), "last_event_date": None,
            "location": {
                "country": who.country, "region": who.region or None, "latitude": None, "zip": who.postcode,
                "address2": None, "longitude": None, "city": who.city, "address1": None, "timezone": None, "ip": None,
            },
            "properties": {}, "subscriptions": {"email": {"marketing": email}, "sms": {"marketing": sms}},
            "predictive_analytics": dict.fromkeys((
                "historic_clv", "predicted_clv", "total_clv", "historic_number_of_orders", "predicted_number_of_orders",
                "average_days_between_orders", "average_order_value", "churn_probability",
                "expected_date_of_next_order",
            )),
            **attributes,
        },
        "relationships": {
            kind: {"links": {"self": f"{base}relationships/{kind}/", "related": f"{base}{kind}/"}}
            for kind in ("lists", "segments")
        },
        "links": {"self": base},
    }  # fmt: skip


def metric_id(number: int) -> str:
    return code("klaviyo.metric", number, 6, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789")


def profile_id(number: int) -> str:
    return f"01F{code('klaviyo.profile', number, 23, _CROCKFORD)}"


def event(number: int, at: float, metric_number: int, who: int, **properties: Any) -> dict[str, Any]:
    """One event in the shape of the real samples: unix seconds and two spellings of the same time."""
    id_ = code("klaviyo.event", number, 11, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789")
    base = f"https://a.klaviyo.com/api/events/{id_}/"
    related = {"profile": profile_id(who), "metric": metric_id(metric_number)}
    digits = code("klaviyo.uuid", number, 32)
    return {
        "type": "event",
        "id": id_,
        "attributes": {
            "timestamp": int(at), "event_properties": {"$event_id": str(number), **properties},
            "datetime": moment(int(at)).strftime("%Y-%m-%d %H:%M:%S+00:00"),
            "uuid": f"{digits[:8]}-{digits[8:12]}-11ee-8001-{digits[20:]}",
        },
        "relationships": {
            kind: {
                "data": {"type": kind, "id": value},
                "links": {"self": f"{base}relationships/{kind}/", "related": f"{base}{kind}/"},
            }
            for kind, value in related.items()
        },
        "links": {"self": base},
    }  # fmt: skip


def metric(number: int, name: str, at: float, integration: str | None) -> dict[str, Any]:
    title = (integration or "api").title()
    return {
        "type": "metric",
        "id": metric_id(number),
        "attributes": {
            "name": name, "created": iso_offset(at - 86_400 * 90), "updated": iso_offset(at - 86_400 * 90),
            "integration": {
                "object": "integration", "id": code(f"klaviyo.integration.{title}", 0, 6), "key": integration,
                "name": title, "category": "eCommerce" if integration == "shopify" else "Internal",
            },
        },
        "links": {"self": f"https://a.klaviyo.com/api/metrics/{metric_id(number)}/"},
    }  # fmt: skip
