"""HubSpot's APIs as their documentation describes them: CRM v3 lists and search, legacy contacts with merge audits,
e-mail events, forms and their submissions.

Sources: developers.hubspot.com (API usage details; Search the CRM: at most 10,000 results and five calls a second;
Email analytics v1; Forms v1 and v3; OAuth). Bodies of refusals as published in HubSpot's own issues and clients.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tests.vendors.kit import Answer, Call, Clock, Limit, VendorServer, answer, text
from tests.vendors.people import code, iso_millis, person, unix

TOKEN = "pat-eu1-made-up"
LONGEST_URL = 8192
SEARCH_LIMIT = 10_000
_DEFAULT = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
_DATES = ("lastmodifieddate", "hs_lastmodifieddate", "createdate")


class HubSpot(VendorServer):
    """objects: kind → id → record with all its properties; `archived` records are listed only when asked for."""

    def __init__(
        self, clock: Clock | None = None, *, ten_secondly: int = 100, search_secondly: int = 5, daily: int = 250_000,
        search_limit: int = SEARCH_LIMIT,
    ) -> None:  # fmt: skip
        super().__init__(clock)
        self.search_limit = search_limit
        kinds = ("contacts", "tickets", "deals", "calls", "communications", "emails", "meetings", "notes", "tasks")
        self.objects: dict[str, dict[int, dict[str, Any]]] = {kind: {} for kind in kinds}
        self.owners: list[dict[str, Any]] = []
        self.audits: dict[int, list[dict[str, Any]]] = {}
        self.events: list[dict[str, Any]] = []
        self.timeline: list[dict[str, Any]] = []
        self.forms: list[dict[str, Any]] = []
        self.submissions: dict[str, list[dict[str, Any]]] = {}
        self.after_page: list[Callable[[str, int], None]] = []
        self.token, self.token_until = TOKEN, float("inf")
        self.tokens_given = 0
        self.ten_secondly = Limit(self.clock, ten_secondly, 10)
        self.secondly = Limit(self.clock, search_secondly, 1)
        self.daily = Limit(self.clock, daily, 86_400)
        self._pages: dict[str, int] = {}
        self.before.append(self._authorise)
        self.post("/oauth/v1/token")(self._oauth)
        self.get("/crm/v3/objects/{kind}")(self._list)
        self.post("/crm/v3/objects/{kind}/search")(self._search)
        self.get("/contacts/v1/contact/vid/{vid}/profile")(self._legacy)
        self.get("/email/public/v1/events")(self._email_events)
        self.get("/email/public/v1/subscriptions/timeline")(self._timeline)
        self.get("/marketing/v3/forms")(lambda call: self._counted(self.forms, call))
        self.get("/crm/v3/owners")(
            lambda call: self._counted(
                [o for o in self.owners if o["archived"] == (call.one("archived") == "true")], call
            )
        )
        self.get("/form-integrations/v1/submissions/forms/{form}")(self._submissions)

    # -- data ---------------------------------------------------------------------------------------------------------

    def add_contact(self, number: int, modified: float, **properties: Any) -> dict[str, Any]:
        self.objects["contacts"][number] = contact(number, modified, **properties)
        return self.objects["contacts"][number]

    def change(self, kind: str, number: int, modified: float, **properties: Any) -> None:
        record = self.objects[kind][number]
        record["properties"] |= {"lastmodifieddate": iso_millis(modified), **properties}
        record["updatedAt"] = iso_millis(modified)

    def merge(self, survivor: int, gone: int, at: float) -> None:
        """Merge two contacts: the other one is no longer listed, its id becomes evidence on the survivor."""
        record = self.objects["contacts"][survivor]
        old = self.objects["contacts"].pop(gone)
        merged = [part for part in (record["properties"].get("hs_merged_object_ids") or "").split(";") if part]
        vids = [part for part in (record["properties"].get("hs_calculated_merged_vids") or "").split(";") if part]
        self.change(
            "contacts", survivor, at, hs_merged_object_ids=";".join([*merged, str(gone)]),
            hs_calculated_merged_vids=";".join([*vids, f"{gone}:{int(at * 1000)}"]),
        )  # fmt: skip
        self.audits.setdefault(survivor, []).append({
            "canonical-vid": survivor, "vid-to-merge": gone, "timestamp": int(at * 1000), "user-id": 1,
            "entity-id": f"auth:app-cookie | auth-level:app | login-id:made-up-{gone}", "num-properties-moved": 3,
            "merged_from_email": {"value": old["properties"]["email"], "source-type": "API", "selected": False},
            "merged_to_email": {"value": record["properties"]["email"], "source-type": "API", "selected": True},
            "first-name": old["properties"]["firstname"], "last-name": old["properties"]["lastname"],
        })  # fmt: skip

    def add_event(self, number: int, at: float, kind: str, who: int, **fields: Any) -> dict[str, Any]:
        self.events.append(email_event(number, at, kind, who, **fields))
        return self.events[-1]

    def add_change(self, at: float, who: int, change: str) -> None:
        """A change of subscription, as the timeline tells it."""
        told = {"change": change, "changeType": "SUBSCRIPTION_STATUS", "source": "SOURCE_RECIPIENT",
                "subscriptionId": 4, "portalId": 4_727_653}  # fmt: skip
        record = {"timestamp": int(at * 1000), "recipient": person(who).email, "portalId": 4_727_653,
                  "normalizedEmailId": code("hubspot.email", who, 32), "changes": [told]}  # fmt: skip
        self.timeline.append(record)

    def add_ticket(self, number: int, modified: float, contact_id: int) -> None:
        self.objects["tickets"][number] = ticket(number, modified, contact_id)

    def add_form(self, number: int, name: str) -> str:
        record = form(number, name, self.clock.time())
        self.forms.append(record)
        self.submissions[record["id"]] = []
        return str(record["id"])

    def add_submission(self, form_id: str, number: int, at: float, who: int) -> None:
        self.submissions[form_id].append(submission(number, at, who))

    # -- behaviour ----------------------------------------------------------------------------------------------------

    def _authorise(self, call: Call) -> Answer | None:
        length = len(call.path) + sum(len(name) + len(value) + 2 for name, v in call.query.items() for value in v)
        if length > LONGEST_URL:
            return text("<html><head><title>414 Request-URI Too Large</title></head></html>", 414, "text/html")
        if call.path == "/oauth/v1/token":
            return None
        if call.bearer != self.token:
            return refusal(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        late = self.clock.time() - self.token_until
        if late >= 0:
            message = f"The OAuth token used to make this call expired {int(late)} second(s) ago."
            return refusal(
                401, "EXPIRED_AUTHENTICATION", message, context={"expire time": [iso_millis(self.token_until)]}
            )
        searching = call.path.endswith("/search")
        for limit, policy in (
            (self.daily, "DAILY"), (self.secondly if searching else self.ten_secondly,
                                    "SECONDLY" if searching else "TEN_SECONDLY_ROLLING"),
        ):  # fmt: skip
            if limit.take() is not None:
                return _limited(policy, limit)
        return None

    def _oauth(self, call: Call) -> Answer:
        sent = call.form()
        if sent.get("grant_type") != "refresh_token" or sent.get("refresh_token") != "made-up-refresh":
            return refusal(400, "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        self.tokens_given += 1
        self.token, self.token_until = f"oauth-{self.tokens_given}", self.clock.time() + 1800
        return answer({"token_type": "bearer", "refresh_token": "made-up-refresh", "access_token": self.token,
                       "expires_in": 1800})  # fmt: skip

    def _turned(self, kind: str) -> None:
        self._pages[kind] = self._pages.get(kind, 0) + 1
        for hook in self.after_page:
            hook(kind, self._pages[kind])

    def _list(self, call: Call) -> Answer:
        kind = call.params["kind"]
        if kind not in self.objects:
            return refusal(400, "VALIDATION_ERROR", f"Unable to infer object type from: {kind}")
        size, after = call.number("limit", 10), call.number("after", 0)
        if size > 100:
            return refusal(400, "VALIDATION_ERROR", "limit must be at most 100")
        wanted = tuple(part for value in call.query.get("properties", []) for part in value.split(",")) or _DEFAULT
        archived = call.one("archived") == "true"
        ids = sorted(n for n, r in self.objects[kind].items() if n > after and r["archived"] == archived)
        page = [_shown(self.objects[kind][number], wanted, call.one("associations")) for number in ids[:size]]
        paging = {"paging": {"next": {"after": str(ids[size - 1]), "link": "…"}}} if len(ids) > size else {}
        given = answer({"results": page, **paging})
        self._turned(kind)
        return given

    def _search(self, call: Call) -> Answer:
        kind, asked = call.params["kind"], call.json()
        size, after = int(asked.get("limit", 10)), int(asked.get("after") or 0)
        if size > 200:
            return refusal(400, "VALIDATION_ERROR", "limit must be at most 200")
        if after + size > self.search_limit:
            return refusal(400, "VALIDATION_ERROR", "The 'after' parameter must not page beyond 10000 results.")
        groups = asked.get("filterGroups") or [{"filters": []}]
        found = [
            record
            for record in self.objects[kind].values()
            if not record["archived"]
            and any(all(_fits(record["properties"], part) for part in group["filters"]) for group in groups)
        ]
        sorts = asked.get("sorts") or ["createdate"]
        first = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": sorts[0], "direction": "ASCENDING"}
        found.sort(
            key=lambda record: (_comparable(record["properties"], first["propertyName"]), int(record["id"])),
            reverse=first.get("direction") == "DESCENDING",
        )
        page = [_shown(record, tuple(asked.get("properties") or _DEFAULT)) for record in found[after : after + size]]
        paging = {"paging": {"next": {"after": str(after + size)}}} if len(found) > after + size else {}
        given = answer({"total": len(found), "results": page, **paging})
        self._turned(f"{kind}.search")
        return given

    def _legacy(self, call: Call) -> Answer:
        """An old contact by id: only here merges are told with both addresses. An old id finds the survivor."""
        number = int(call.params["vid"])
        for survivor, audits in self.audits.items():
            if any(audit["vid-to-merge"] == number for audit in audits):
                number = survivor
        if number not in self.objects["contacts"]:
            return answer({"status": "error", "message": "contact does not exist"}, 404)
        audits = self.audits.get(number, [])
        return answer({
            "vid": number, "canonical-vid": number, "merged-vids": [audit["vid-to-merge"] for audit in audits],
            "portal-id": 4_727_653, "is-contact": True, "properties": {}, "form-submissions": [],
            "list-memberships": [], "identity-profiles": [], "merge-audits": audits,
        })  # fmt: skip

    def _email_events(self, call: Call) -> Answer:
        kinds = call.one("eventType")
        return self._newest_first("events", [e for e in self.events if kinds in (None, e["type"])], "created", call)

    def _timeline(self, call: Call) -> Answer:
        return self._newest_first("timeline", self.timeline, "timestamp", call)

    def _newest_first(self, name: str, records: list[dict[str, Any]], key: str, call: Call) -> Answer:
        """Newest first, by an opaque offset, as both old e-mail endpoints give it."""
        size = min(call.number("limit", 10), 1000)
        start, end = call.number("startTimestamp", 0), call.number("endTimestamp", 1 << 62)
        try:
            skip = int(base64.b64decode(call.one("offset") or "MA==").decode())
        except ValueError:
            return refusal(400, "VALIDATION_ERROR", "Invalid offset")
        found = sorted((r for r in records if start <= r[key] <= end), key=lambda r: -r[key])
        more = len(found) > skip + size
        page = found[skip : skip + size]
        token = base64.b64encode(str(skip + len(page)).encode()).decode()
        given = answer({"hasMore": more, "offset": token, name: page})
        self._turned(name)
        return given

    @staticmethod
    def _counted(records: list[dict[str, Any]], call: Call) -> Answer:
        size, after = min(call.number("limit", 20), 100), call.number("after", 0)
        page = records[after : after + size]
        paging = {"paging": {"next": {"after": str(after + size)}}} if len(records) > after + size else {}
        return answer({"results": page, **paging})

    def _submissions(self, call: Call) -> Answer:
        """Newest first; no filter by time exists."""
        if call.params["form"] not in self.submissions:
            return refusal(404, "OBJECT_NOT_FOUND", "form not found")
        size = call.number("limit", 20)
        if size > 50:
            return refusal(400, "VALIDATION_ERROR", "limit must be at most 50")
        skip = int(base64.b64decode(call.one("after") or "MA==").decode())
        found = sorted(self.submissions[call.params["form"]], key=lambda record: -record["submittedAt"])
        token = base64.b64encode(str(skip + size).encode()).decode()
        paging = {"paging": {"next": {"after": token, "link": "…"}}} if len(found) > skip + size else {}
        given = answer({"results": found[skip : skip + size], **paging})
        self._turned("submissions")
        return given


def refusal(status: int, category: str, message: str, **extra: Any) -> Answer:
    body = {"status": "error", "message": message, "correlationId": "00000000-0000-4000-8000-000000000000"}
    return answer({**body, "category": category, **extra}, status)


def _limited(policy: str, limit: Limit) -> Answer:
    """The body names the policy; there is no Retry-After, but the length of the window and what is left of it."""
    name = {"DAILY": "daily", "SECONDLY": "secondly"}.get(policy, "ten_secondly_rolling")
    body = {"status": "error", "message": f"You have reached your {name} limit.", "errorType": "RATE_LIMIT",
            "correlationId": "00000000-0000-4000-8000-000000000000", "policyName": policy,
            "groupName": f"publicapi:private_app-api-calls-{name}:1:1"}  # fmt: skip
    headers = {"X-HubSpot-RateLimit-Max": str(limit.calls), "X-HubSpot-RateLimit-Remaining": str(limit.left),
               "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(limit.seconds * 1000))}  # fmt: skip
    return answer(body, 429, {} if policy == "SECONDLY" else headers)  # the search limit sends no such headers


def _comparable(properties: dict[str, Any], name: str) -> float:
    value = properties.get(name)
    if value in (None, ""):
        return float("-inf")
    return unix(value) * 1000 if name in _DATES else float(value)


def _fits(properties: dict[str, Any], part: dict[str, Any]) -> bool:
    name, operator = part["propertyName"], part["operator"]
    if operator == "HAS_PROPERTY":
        return properties.get(name) not in (None, "")
    left = _comparable(properties, name)
    bounds = [part.get("value"), part.get("highValue")]
    right, high = (
        (unix(value) * 1000 if isinstance(value, str) and "T" in value else float(value)) if value is not None else 0.0
        for value in bounds
    )
    return {"GT": left > right, "GTE": left >= right, "LT": left < right, "LTE": left <= right, "EQ": left == right,
            "BETWEEN": right <= left <= high}[operator]  # fmt: skip


def _shown(record: dict[str, Any], wanted: tuple[str, ...], associations: str | None = None) -> dict[str, Any]:
    """The record with the properties that were asked for; a search never gives associations."""
    names = dict.fromkeys([*wanted, "createdate", "hs_object_id", "lastmodifieddate"])
    shown = {key: value for key, value in record.items() if key != "associations" or associations}
    return {**shown, "properties": {name: record["properties"].get(name) for name in names}}


def contact(number: int, modified: float, **properties: Any) -> dict[str, Any]:
    who = person(number)
    created = iso_millis(modified - 86_400 * 20)
    return {
        "id": str(number),
        "properties": {
            "email": who.email, "firstname": who.given, "lastname": who.family, "phone": who.phone, "mobilephone": None,
            "address": f"{number} Made Up Street", "city": who.city, "state": who.region, "zip": who.postcode,
            "country": who.country, "company": None, "date_of_birth": None, "gender": None,
            "lifecyclestage": "subscriber", "hs_object_id": str(number), "hs_additional_emails": None,
            "hs_merged_object_ids": None, "hs_calculated_merged_vids": None, "hs_analytics_source": "DIRECT_TRAFFIC",
            "hs_email_optout": None, "hubspot_owner_id": None, "createdate": created,
            "lastmodifieddate": iso_millis(modified), **properties,
        },
        "createdAt": created, "updatedAt": iso_millis(modified), "archived": False,
    }  # fmt: skip


def ticket(number: int, modified: float, contact_id: int) -> dict[str, Any]:
    stamp = iso_millis(modified)
    return {
        "id": str(number),
        "properties": {
            "subject": f"Question {number}", "content": "Where is my order?", "hs_ticket_category": "ORDER",
            "hs_ticket_priority": "LOW", "hs_pipeline": "0", "hs_pipeline_stage": "1", "source_type": "EMAIL",
            "hubspot_owner_id": None, "closed_date": None, "createdate": stamp, "hs_lastmodifieddate": stamp,
            "hs_object_id": str(number),
        },
        "createdAt": stamp, "updatedAt": stamp, "archived": False,
        "associations": {"contacts": {"results": [{"id": str(contact_id), "type": "ticket_to_contact"}]}},
    }  # fmt: skip


def email_event(number: int, at: float, kind: str, who: int, **fields: Any) -> dict[str, Any]:
    digits = code("hubspot.event", number, 32)
    id_ = f"{digits[:8]}-{digits[8:12]}-3{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
    browser = {"name": "Safari", "family": "Safari", "producer": "Apple Inc.", "producerUrl": "", "type": "Browser",
               "url": "", "version": []}  # fmt: skip
    seen = {"browser": browser, "userAgent": "Mozilla/5.0", "deviceType": "COMPUTER", "filteredEvent": False,
            "location": {"country": person(who).country.lower(), "state": "", "city": "", "zipcode": ""}}  # fmt: skip
    return {
        "id": id_, "type": kind, "created": int(at * 1000), "recipient": person(who).email, "portalId": 4_727_653,
        "appId": 2286, "appName": "Batch", "emailCampaignId": 2, "emailCampaignGroupId": 3,
        "sentBy": {"id": code("hubspot.sent", number, 32), "created": int(at * 1000) - 60_000},
        **(seen if kind in ("OPEN", "CLICK") else {}), **fields,
    }  # fmt: skip


def form(number: int, name: str, at: float) -> dict[str, Any]:
    digits = code("hubspot.form", number, 32)
    return {
        "id": f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}", "name": name,
        "formType": "hubspot", "createdAt": iso_millis(at - 86_400 * 90), "updatedAt": iso_millis(at - 86_400 * 60),
        "archived": False,
        "fieldGroups": [{"groupType": "default_group", "richTextType": "text",
                         "fields": [{"objectTypeId": "0-1", "name": "email", "label": "E-mail", "required": True,
                                     "hidden": False, "fieldType": "email"}]}],
        "configuration": {"language": "en"}, "displayOptions": {}, "legalConsentOptions": {"type": "none"},
    }  # fmt: skip


def submission(number: int, at: float, who: int) -> dict[str, Any]:
    digits = code("hubspot.submission", number, 32)
    return {
        "conversionId": f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}",
        "submittedAt": int(at * 1000),
        "values": [{"name": "email", "value": person(who).email, "objectTypeId": "0-1"},
                   {"name": "firstname", "value": person(who).given, "objectTypeId": "0-1"}],
        "pageUrl": "https://shop.example.com/newsletter",
    }  # fmt: skip
