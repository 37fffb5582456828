"""Zendesk Support and Chat as their documentation describes them: incremental exports by cursor and by time, cursor
paging of lists, ten export calls a minute.

Sources: developer.zendesk.com (Incremental Exports; Using the Incremental Exports API; Rate limits; Pagination; User
Identities; Satisfaction Ratings; Live Chat: Incremental Export). The export compares with the time of the last system
touch (generated_timestamp), not with updated_at, and leaves out what changed in the last minute.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tests.vendors.kit import Answer, Call, Clock, Limit, VendorServer, answer
from tests.vendors.people import iso_z, person, unix

EMAIL, TOKEN = "robot@example.com", "made-up-token"
CURSOR_DAYS = 30
_TIMES = {"organizations": "updated_at", "ticket_events": "timestamp", "ticket_metric_events": "time"}
CUSTOM_ORDER_FIELD = 360_000_000_001


class Zendesk(VendorServer):
    """tickets and users are keyed by id, each with `touched` (unix) of its last system touch. page: most that an export
    gives at once, whatever is asked for."""

    def __init__(
        self, clock: Clock | None = None, *, exports_a_minute: int = 10, calls_a_minute: int = 700, page: int = 1000
    ) -> None:
        super().__init__(clock)
        self.page = page
        self.tickets: dict[int, dict[str, Any]] = {}
        self.users: dict[int, dict[str, Any]] = {}
        self.touched: dict[tuple[str, int], float] = {}
        self.identities: dict[int, list[dict[str, Any]]] = {}
        self.ratings: list[dict[str, Any]] = []
        self.timed: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _TIMES}
        self.listed: dict[str, list[dict[str, Any]]] = {"groups": [], "brands": []}
        self.agents: list[dict[str, Any]] = []
        self.chats: list[dict[str, Any]] = []
        self.after_page: list[Callable[[str, int], None]] = []
        self.exports = Limit(self.clock, exports_a_minute, 60)
        self.general = Limit(self.clock, calls_a_minute, 60)
        self._pages: dict[str, int] = {}
        self.before.append(self._authorise)
        for kind in ("tickets", "users"):
            for ending in ("cursor", "cursor.json"):
                self.get(f"/api/v2/incremental/{kind}/{ending}")(lambda call, kind=kind: self._cursor(kind, call))
        for kind in _TIMES:
            self.get(f"/api/v2/incremental/{kind}.json")(lambda call, kind=kind: self._by_time(kind, call))
        for kind, records in self.listed.items():
            self.get(f"/api/v2/{kind}.json")(lambda call, k=kind, r=records: self._by_cursor(k, r, call))
        self.get("/api/v2/chat/agents")(self._agents)
        for ending in ("identities", "identities.json"):
            self.get("/api/v2/users/{user}/" + ending)(self._identities)
        for ending in ("satisfaction_ratings", "satisfaction_ratings.json"):
            self.get(f"/api/v2/{ending}")(self._ratings)
        self.get("/api/v2/chat/incremental/chats")(self._chats)

    # -- data ---------------------------------------------------------------------------------------------------------

    def add_ticket(self, number: int, at: float, requester: int, **fields: Any) -> dict[str, Any]:
        self.tickets[number] = ticket(number, at, requester, **fields)
        self.touched["tickets", number] = at
        return self.tickets[number]

    def touch_ticket(self, number: int, at: float, **fields: Any) -> None:
        """A system touch: the export sends the ticket again; updated_at moves only when a field is given."""
        if fields:
            self.tickets[number] |= {"updated_at": iso_z(at), **fields}
        self.touched["tickets", number] = at

    def add_user(self, number: int, at: float, **fields: Any) -> dict[str, Any]:
        self.users[number] = user(number, at, **fields)
        self.touched["users", number] = at
        who = person(number)
        self.identities[number] = [
            identity(number, 0, at, "email", who.email, primary=True),
            identity(number, 1, at, "phone_number", who.phone),
        ]
        return self.users[number]

    def add_rating(self, number: int, at: float, ticket_id: int, score: str, comment: str | None = None) -> None:
        id_ = 62_000 + number
        self.ratings.append(
            {
                "id": id_,
                "url": f"https://made-up.zendesk.com/api/v2/satisfaction_ratings/{id_}.json",
                "assignee_id": 1,
                "group_id": 44,
                "requester_id": self.tickets[ticket_id]["requester_id"],
                "ticket_id": ticket_id,
                "score": score,
                "comment": comment,
                "reason": "No reason provided",
                "reason_id": 1001,
                "created_at": iso_z(at),
                "updated_at": iso_z(at),
            }
        )

    def add_comment(
        self, number: int, at: float, ticket_id: int, author: int, body: str, *, public: bool = True
    ) -> None:
        """An event of a ticket: a comment among other changes, as the export with comment_events sends it."""
        comment = {
            "id": 9_000 + number, "type": "Comment", "event_type": "Comment", "author_id": author, "body": body,
            "html_body": f"<p>{body}</p>", "plain_body": body, "public": public, "attachments": [],
            "audit_id": 8_000 + number, "created_at": iso_z(at), "via": "Web form",
        }  # fmt: skip
        change = {"id": 7_000 + number, "event_type": "Change", "status": "open", "previous_value": "new"}
        self.timed["ticket_events"].append({
            "id": 8_000 + number, "ticket_id": ticket_id, "timestamp": int(at), "created_at": iso_z(at),
            "updater_id": author, "via": "Web form", "system": {}, "metadata": {}, "event_type": "Audit",
            "child_events": [change, comment],
        })  # fmt: skip

    def add_agent(self, number: int) -> None:
        who = person(number)
        name = {"first_name": who.given, "last_name": who.family, "display_name": who.full_name}
        self.agents.append({"id": number, "email": who.email, **name, "enabled": True, "role_id": 3, "login_count": 1})

    def add_chat(self, number: int, at: float, **fields: Any) -> dict[str, Any]:
        self.chats.append(chat(number, at, **fields))
        return self.chats[-1]

    # -- behaviour ----------------------------------------------------------------------------------------------------

    def _authorise(self, call: Call) -> Answer | None:
        basic = base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
        if call.headers.get("authorization") not in (f"Basic {basic}", f"Bearer {TOKEN}"):
            return answer({"error": "Couldn't authenticate you"}, 401)
        if "/incremental/" in call.path:
            wait = self.exports.take()
            what = "Number of allowed incremental export API requests per minute exceeded"
            limit, left = self.exports.calls, self.exports.left
        else:
            wait, what = self.general.take(), "Number of allowed API requests per minute exceeded"
            limit, left = self.general.calls, self.general.left
        if wait is None:
            return None
        headers = {
            "Retry-After": str(int(wait + 0.999)),
            "X-Rate-Limit": str(limit),
            "X-Rate-Limit-Remaining": str(left),
        }
        return answer({"error": "APIRateLimitExceeded", "description": what}, 429, headers)

    def _turned(self, kind: str) -> None:
        self._pages[kind] = self._pages.get(kind, 0) + 1
        for hook in self.after_page:
            hook(kind, self._pages[kind])

    def _cursor(self, kind: str, call: Call) -> Answer:
        now = self.clock.time()
        if call.one("cursor"):
            after = _read_cursor(call.one("cursor") or "", now)
            if after is None:
                return answer({"error": "InvalidCursor", "description": "The cursor is invalid or has expired"}, 400)
        elif call.one("start_time") is not None:
            start = call.number("start_time", 0)
            if start > now - 60:
                return _too_recent()
            after = (start - 1, 1 << 62)
        else:
            return answer({"error": "InvalidValue", "description": "Missing parameter: start_time"}, 400)
        size = min(call.number("per_page", 1000), self.page)
        store = self.tickets if kind == "tickets" else self.users
        waiting = sorted(
            (self.touched[kind, number], number)
            for number in store
            if (self.touched[kind, number], number) > after and self.touched[kind, number] <= now - 60
        )
        chosen = waiting[:size]
        records = [
            {**store[number], **({"generated_timestamp": int(touched)} if kind == "tickets" else {})}
            for touched, number in chosen
        ]
        cursor = _write_cursor(*chosen[-1], now) if chosen else call.one("cursor")
        url = f"{self.url}/api/v2/incremental/{kind}/cursor.json?cursor={cursor}" if cursor else None
        given = answer({
            kind: records, "after_url": url, "after_cursor": cursor, "before_url": None, "before_cursor": None,
            "end_of_stream": len(waiting) <= size,
        })  # fmt: skip
        self._turned(kind)
        return given

    def _agents(self, call: Call) -> Answer:
        """A plain list, by id."""
        found = sorted((a for a in self.agents if a["id"] > call.number("since_id", 0)), key=lambda agent: agent["id"])
        return answer(found[: min(call.number("limit", 100), 200)])

    def _by_time(self, kind: str, call: Call) -> Answer:
        """Pages by time: end_time of a page is the start of the next, so records at the seam come twice."""
        start, size = call.number("start_time", 0), min(call.number("per_page", 1000), self.page)
        if start > self.clock.time() - 60:
            return _too_recent()
        key = _TIMES[kind]
        last = self.clock.time() - 60
        found = [record for record in self.timed[kind] if start <= _seconds(record[key]) <= last]
        found.sort(key=lambda record: (_seconds(record[key]), record["id"]))
        page = found[:size]
        while page and len(page) < len(found) and _seconds(found[len(page)][key]) == _seconds(page[-1][key]):
            page.append(found[len(page)])  # a second is never parted
        end = int(_seconds(page[-1][key])) if page else None
        if end is not None and _seconds(page[0][key]) == end:
            end += 1  # a page of one second only would be given for ever
        shown = page
        if call.one("include") != "comment_events" and kind == "ticket_events":
            shown = [
                {**r, "child_events": [e for e in r["child_events"] if e["event_type"] != "Comment"]} for r in page
            ]
        include = "&include=comment_events" if call.one("include") else ""
        link = f"{self.url}{call.path}?start_time={end}&per_page={size}{include}" if end else None
        given = answer({kind: shown, "count": len(page), "end_time": end, "next_page": link,
                        "end_of_stream": len(page) == len(found)})  # fmt: skip
        self._turned(kind)
        return given

    def _by_cursor(self, name: str, records: list[dict[str, Any]], call: Call) -> Answer:
        """Cursor paging of lists: page[size], page[after], meta.has_more, links.next."""
        size = min(call.number("page[size]", 100), 100)
        start = int(call.one("page[after]") or 0)
        page = [record for record in records if record["id"] > start][:size]
        more = bool(page) and records[-1]["id"] > page[-1]["id"]
        after = str(page[-1]["id"]) if page else None
        kept = "".join(f"&{key}={values[-1]}" for key, values in call.query.items() if not key.startswith("page"))
        link = f"{self.url}{call.path}?page[after]={after}&page[size]={size}{kept}" if more else None
        given = answer({name: page, "meta": {"has_more": more, "after_cursor": after, "before_cursor": None},
                        "links": {"next": link, "prev": None}})  # fmt: skip
        self._turned(name)
        return given

    def _identities(self, call: Call) -> Answer:
        number = int(call.params["user"])
        if number not in self.users:
            return answer({"error": "RecordNotFound", "description": "Not found"}, 404)
        return self._by_cursor("identities", self.identities.get(number, []), call)

    def _ratings(self, call: Call) -> Answer:
        start = call.number("start_time", 0)
        found = sorted((r for r in self.ratings if unix(r["created_at"]) >= start), key=lambda record: record["id"])
        return self._by_cursor("satisfaction_ratings", found, call)

    def _chats(self, call: Call) -> Answer:
        """Chat's own incremental export: seconds, start_id for equal times; only the asked fields are sent."""
        start, start_id = call.number("start_time", 0), call.one("start_id") or ""
        size = min(call.number("limit", 1000), 1000)
        found = sorted(
            (r for r in self.chats if (int(unix(r["update_timestamp"])), r["id"]) >= (start, start_id)),
            key=lambda record: (int(unix(record["update_timestamp"])), record["id"]),
        )
        page = found[:size]
        rest = found[size:]
        following = rest[0] if rest else page[-1] if page else None
        end = int(unix(following["update_timestamp"])) if following else start
        end_id = following["id"] if following else ""
        fields = call.one("fields") or ""
        shown = page if fields == "chats(*)" else [{"id": r["id"], "timestamp": r["timestamp"]} for r in page]
        link = f"{self.url}{call.path}?start_time={end}&start_id={end_id}&fields={fields}&limit={size}"
        given = answer({"chats": shown, "count": len(page), "end_time": end, "end_id": end_id, "next_page": link})
        self._turned("chats")
        return given


def _seconds(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else unix(value)


def _too_recent() -> Answer:
    what = "Too recent start_time. Use a start_time older than 60 seconds"
    return answer({"error": "StartTimeTooRecent", "description": what}, 422)


def _write_cursor(touched: float, number: int, now: float) -> str:
    return base64.urlsafe_b64encode(f"{touched}||{number}|{now}".encode()).decode().rstrip("=")


def _read_cursor(text: str, now: float) -> tuple[float, int] | None:
    try:
        touched, _, number, made = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("|")
        return (float(touched), int(number)) if now - float(made) < CURSOR_DAYS * 86_400 else None
    except ValueError:
        return None


def ticket(number: int, at: float, requester: int, **fields: Any) -> dict[str, Any]:
    who = person(requester)
    source = {"address": who.email, "name": who.full_name}
    receiver = {"address": "help@example.com", "name": "Made Up"}
    via = {"channel": "email", "source": {"from": source, "to": receiver, "rel": None}}
    return {
        "url": f"https://made-up.zendesk.com/api/v2/tickets/{number}.json", "id": number, "external_id": None,
        "via": via, "created_at": iso_z(at), "updated_at": iso_z(at), "type": None, "subject": f"Question {number}",
        "raw_subject": f"Question {number}", "description": "Where is my order?", "priority": None, "status": "open",
        "recipient": "help@example.com", "requester_id": requester, "submitter_id": requester, "assignee_id": 1,
        "organization_id": None, "group_id": 44, "collaborator_ids": [], "follower_ids": [], "email_cc_ids": [],
        "forum_topic_id": None, "problem_id": None, "has_incidents": False, "is_public": True, "due_at": None,
        "tags": ["made_up"], "custom_fields": [{"id": CUSTOM_ORDER_FIELD, "value": f"#{1000 + number}"}],
        "satisfaction_rating": {"score": "unoffered"}, "sharing_agreement_ids": [], "custom_status_id": 4244623,
        "fields": [{"id": CUSTOM_ORDER_FIELD, "value": f"#{1000 + number}"}], "followup_ids": [],
        "ticket_form_id": 360_000_000_002, "brand_id": 360_000_000_003, "allow_channelback": False,
        "allow_attachments": True, "from_messaging_channel": False, **fields,
    }  # fmt: skip


def user(number: int, at: float, **fields: Any) -> dict[str, Any]:
    who = person(number)
    return {
        "id": number, "url": f"https://made-up.zendesk.com/api/v2/users/{number}.json", "name": who.full_name,
        "email": who.email, "created_at": iso_z(at - 86_400), "updated_at": iso_z(at), "time_zone": "Lisbon",
        "iana_time_zone": "Europe/Lisbon", "phone": who.phone, "shared_phone_number": False, "photo": None,
        "locale_id": 1, "locale": "en-US", "organization_id": None, "role": "end-user", "verified": True,
        "external_id": None, "tags": [], "alias": "", "active": True, "shared": False, "shared_agent": False,
        "last_login_at": None, "two_factor_auth_enabled": None, "signature": None, "details": "", "notes": "",
        "role_type": None, "custom_role_id": None, "moderator": False, "ticket_restriction": "requested",
        "only_private_comments": False, "restricted_agent": True, "suspended": False, "default_group_id": None,
        "report_csv": False, "user_fields": {}, "permanently_deleted": False, **fields,
    }  # fmt: skip


def identity(user_id: int, place: int, at: float, kind: str, value: str, *, primary: bool = False) -> dict[str, Any]:
    number = user_id * 10 + place
    return {
        "url": f"https://made-up.zendesk.com/api/v2/users/{user_id}/identities/{number}.json", "id": number,
        "user_id": user_id, "type": kind, "value": value, "verified": True, "primary": primary,
        "created_at": iso_z(at), "updated_at": iso_z(at), "undeliverable_count": 0, "deliverable_state": "deliverable",
    }  # fmt: skip


def chat(number: int, at: float, **fields: Any) -> dict[str, Any]:
    """A chat in the shape of the real samples."""
    who = person(number)
    return {
        "timestamp": iso_z(at), "unread": False, "webpath": [], "type": "offline_msg", "id": f"2601.1.{number:08d}",
        "update_timestamp": iso_z(at), "tags": [], "department_name": None,
        "session": {
            "browser": "Safari", "city": who.city, "country_code": who.country, "country_name": "Made Up",
            "end_date": iso_z(at), "id": f"s{number}", "ip": f"203.0.113.{number % 250}", "platform": "Mac OS",
            "region": who.region, "start_date": iso_z(at - 60), "user_agent": "Mozilla/5.0",
        },
        "department_id": None, "deleted": False, "message": "Hello!",
        "visitor": {"phone": who.phone, "notes": "", "id": f"3.{number}", "name": who.given, "email": who.email},
        "zendesk_ticket_id": None, **fields,
    }  # fmt: skip
