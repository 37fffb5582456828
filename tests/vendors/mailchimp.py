"""Mailchimp's Marketing API 3.0 as its documentation describes it: offset paging, the data centre in the key, at most
ten calls at once, problem documents.

Sources: mailchimp.com/developer/marketing (Fundamentals; Errors; Lists, List Members, Campaigns, Reports, Email
Activity, Unsubscribes, Segments). Offset paging is not stable: what moves in the order between two pages comes twice or
not at all.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

from tests.vendors.kit import Answer, Call, Clock, VendorServer, answer
from tests.vendors.people import code, iso_offset, person, unix

KEY = "0123456789abcdef0123456789abcdef-us10"
MAXIMUM = 1000


class Mailchimp(VendorServer):
    """lists, members (by list id), campaigns, activity and unsubscribes (by campaign id), segments, reports."""

    def __init__(
        self, clock: Clock | None = None, *, key: str = KEY, simultaneous: int = 10, slow: float = 0.0
    ) -> None:
        super().__init__(clock)
        self.key, self.simultaneous, self.slow = key, simultaneous, slow
        self.lists: list[dict[str, Any]] = []
        self.members: dict[str, list[dict[str, Any]]] = {}
        self.campaigns: list[dict[str, Any]] = []
        self.activity: dict[str, list[dict[str, Any]]] = {}
        self.unsubscribes: dict[str, list[dict[str, Any]]] = {}
        self.segments: dict[str, list[dict[str, Any]]] = {}
        self.reports: list[dict[str, Any]] = []
        self.interests: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.after_page: list[Callable[[str, int], None]] = []
        self.refused = 0
        self._pages: dict[str, int] = {}
        self.before.append(self._authorise)
        self.get("/3.0/lists")(self._lists)
        self.get("/3.0/lists/{list}/members")(self._members)
        self.get("/3.0/lists/{list}/segments")(self._segments)
        self.get("/3.0/lists/{list}/interest-categories")(self._categories)
        self.get("/3.0/lists/{list}/interest-categories/{category}/interests")(self._interests)
        self.get("/3.0/campaigns")(self._campaigns)
        self.get("/3.0/reports")(self._reports)
        self.get("/3.0/reports/{campaign}/email-activity")(self._activity)
        self.get("/3.0/reports/{campaign}/unsubscribed")(self._unsubscribed)

    # -- data ---------------------------------------------------------------------------------------------------------

    def add_list(self, number: int) -> str:
        record = audience(number, self.clock.time())
        self.lists.append(record)
        self.members[record["id"]] = []
        return str(record["id"])

    def add_member(self, list_id: str, number: int, changed: float, **fields: Any) -> dict[str, Any]:
        record = member(list_id, number, changed, **fields)
        self.members[list_id].append(record)
        return record

    def add_interest(self, list_id: str, number: int, name: str) -> None:
        """An interest in the only category of its audience, and a segment of those who chose it."""
        category = code("mailchimp.category", 0, 10)
        record = {"category_id": category, "list_id": list_id, "id": code("mailchimp.interest", number, 10),
                  "name": name, "subscriber_count": "0", "display_order": number}  # fmt: skip
        self.interests.setdefault((list_id, category), []).append(record)
        made = iso_offset(self.clock.time() - 86_400 * 30)
        self.segments.setdefault(list_id, []).append({
            "id": 13_506_000 + number, "name": name, "member_count": 0, "type": "static", "created_at": made,
            "updated_at": made, "list_id": list_id,
        })  # fmt: skip

    def add_campaign(self, list_id: str, number: int, sent: float | None) -> str:
        record = campaign(list_id, number, self.clock.time(), sent)
        self.campaigns.append(record)
        if sent is not None:
            self.reports.append(report(list_id, number, sent))
        self.activity[record["id"]], self.unsubscribes[record["id"]] = [], []
        return str(record["id"])

    def add_activity(self, campaign_id: str, number: int, at: float, action: str = "open", **fields: Any) -> None:
        """Adds an action to the recipient's entry, as the vendor groups them."""
        who = person(number)
        entries = self.activity[campaign_id]
        entry = next((entry for entry in entries if entry["email_id"] == who.email_md5), None)
        if entry is None:
            entry = {"campaign_id": campaign_id, "list_id": self._list_of(campaign_id), "list_is_active": True,
                     "email_id": who.email_md5, "email_address": who.email, "activity": []}  # fmt: skip
            entries.append(entry)
        address = {} if action == "bounce" else {"ip": f"203.0.113.{number % 250}"}
        entry["activity"].append({"action": action, "timestamp": iso_offset(at), **address, **fields})

    def add_unsubscribe(self, campaign_id: str, number: int, at: float, reason: str = "None given") -> None:
        who = person(number)
        self.unsubscribes[campaign_id].append({
            "email_id": who.email_md5, "email_address": who.email, "merge_fields": _merge_fields(number), "vip": False,
            "timestamp": iso_offset(at), "reason": reason, "campaign_id": campaign_id,
            "list_id": self._list_of(campaign_id), "list_is_active": True,
        })  # fmt: skip

    def _list_of(self, campaign_id: str) -> str:
        return next(str(c["recipients"]["list_id"]) for c in self.campaigns if c["id"] == campaign_id)

    # -- behaviour ----------------------------------------------------------------------------------------------------

    def _authorise(self, call: Call) -> Answer | None:
        if self._busy > self.simultaneous:
            self.refused += 1
            return problem(429, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections.")
        if self.slow:
            time.sleep(self.slow)
        kind, _, given = call.headers.get("authorization", "").partition(" ")
        key = given
        if kind.lower() == "basic":
            key = base64.b64decode(given).decode().partition(":")[2]
        if key.rpartition("-")[2] != self.key.rpartition("-")[2]:
            detail = "The API key provided is linked to a different data center."
            return problem(403, "Wrong Datacenter", detail)
        if key != self.key:
            detail = "Your API key may be invalid, or you've attempted to access the wrong datacenter."
            return problem(401, "API Key Invalid", detail)
        return None

    def _page(self, name: str, records: list[dict[str, Any]], call: Call, **extra: Any) -> Answer:
        size, offset = call.number("count", 10), call.number("offset", 0)
        if not 0 <= size <= MAXIMUM or offset < 0:
            detail = "The resource submitted could not be validated. Count must not be greater than 1000."
            return problem(400, "Invalid Resource", detail)
        left_out = {part.removeprefix(f"{name}.") for part in (call.one("exclude_fields") or "").split(",")}
        links = [] if "_links" in left_out else [{"rel": "self", "href": f"{self.url}{call.path}", "method": "GET"}]
        page = [{**record, **({"_links": links} if links else {})} for record in records[offset : offset + size]]
        given = answer({name: page, **extra, "total_items": len(records), "_links": []})
        self._pages[name] = self._pages.get(name, 0) + 1
        for hook in self.after_page:
            hook(name, self._pages[name])
        return given

    def _lists(self, call: Call) -> Answer:
        return self._page("lists", self.lists, call)

    def _members(self, call: Call) -> Answer:
        list_id = call.params["list"]
        if list_id not in self.members:
            return problem(404, "Resource Not Found", "The requested resource could not be found.")
        found = _between(self.members[list_id], "last_changed", call, "since_last_changed", "before_last_changed")
        name = call.one("sort_field") or "timestamp_signup"
        if name not in ("timestamp_opt", "timestamp_signup", "last_changed"):
            return problem(
                400, "Invalid Resource", "sort_field must be timestamp_opt, timestamp_signup or last_changed."
            )
        found = sorted(found, key=lambda record: record[name] or "", reverse=call.one("sort_dir") == "DESC")
        return self._page("members", found, call, list_id=list_id)

    def _segments(self, call: Call) -> Answer:
        list_id = call.params["list"]
        return self._page("segments", self.segments.get(list_id, []), call, list_id=list_id)

    def _categories(self, call: Call) -> Answer:
        list_id = call.params["list"]
        found = [
            {"list_id": owner, "id": category, "title": "Product Preferences", "display_order": 0, "type": "checkboxes"}
            for owner, category in self.interests
            if owner == list_id
        ]
        return self._page("categories", found, call, list_id=list_id)

    def _interests(self, call: Call) -> Answer:
        key = call.params["list"], call.params["category"]
        return self._page("interests", self.interests.get(key, []), call, list_id=key[0], category_id=key[1])

    def _campaigns(self, call: Call) -> Answer:
        found = [record for record in self.campaigns if call.one("status") in (None, record["status"])]
        if call.one("since_send_time") or call.one("before_send_time"):
            found = [record for record in found if record["send_time"]]
            found = _between(found, "send_time", call, "since_send_time", "before_send_time")
        return self._page("campaigns", found, call)

    def _reports(self, call: Call) -> Answer:
        found = _between(self.reports, "send_time", call, "since_send_time", "before_send_time")
        return self._page("reports", found, call)

    def _activity(self, call: Call) -> Answer:
        campaign_id = call.params["campaign"]
        if campaign_id not in self.activity:
            return problem(404, "Resource Not Found", "The requested resource could not be found.")
        since = call.one("since")
        entries = []
        for entry in self.activity[campaign_id]:
            kept = [part for part in entry["activity"] if since is None or unix(part["timestamp"]) > unix(since)]
            if kept:
                entries.append({**entry, "activity": kept})
        return self._page("emails", entries, call, campaign_id=campaign_id)

    def _unsubscribed(self, call: Call) -> Answer:
        campaign_id = call.params["campaign"]
        return self._page("unsubscribes", self.unsubscribes.get(campaign_id, []), call, campaign_id=campaign_id)


def _between(records: list[dict[str, Any]], name: str, call: Call, lower: str, upper: str) -> list[dict[str, Any]]:
    since, before = call.one(lower), call.one(upper)
    return [
        record
        for record in records
        if (since is None or unix(record[name]) > unix(since)) and (before is None or unix(record[name]) < unix(before))
    ]


def problem(status: int, title: str, detail: str) -> Answer:
    """A problem document (RFC 7807) in Mailchimp's form; throttling carries no Retry-After."""
    body = {"type": "https://mailchimp.com/developer/marketing/docs/errors/", "title": title, "status": status,
            "detail": detail, "instance": "00000000-0000-4000-8000-000000000000"}  # fmt: skip
    return answer(body, status, {"Content-Type": "application/problem+json; charset=utf-8"})


def _merge_fields(number: int) -> dict[str, Any]:
    """ADDRESS is an object, "" or null, as real accounts have it."""
    who = person(number)
    address = {"addr1": f"{number} Made Up Street", "addr2": "", "city": who.city, "state": who.region,
               "zip": who.postcode, "country": who.country}  # fmt: skip
    return {"FNAME": who.given, "LNAME": who.family, "ADDRESS": (address, "", None)[number % 3], "PHONE": who.phone,
            "BIRTHDAY": f"{1 + number % 12:02d}/{1 + number % 28:02d}"}  # fmt: skip


def member(list_id: str, number: int, changed: float, **fields: Any) -> dict[str, Any]:
    who = person(number)
    return {
        "id": who.email_md5, "email_address": who.email, "unique_email_id": code("mailchimp.euid", number, 10),
        "contact_id": code("mailchimp.contact", number, 32), "full_name": who.full_name, "web_id": 546_000_000 + number,
        "email_type": "html", "status": "subscribed", "consents_to_one_to_one_messaging": True,
        "merge_fields": _merge_fields(number), "interests": {"bbbb369575": number % 2 == 0},
        "stats": {"avg_open_rate": 1, "avg_click_rate": 0}, "ip_signup": "", "timestamp_signup": "",
        "ip_opt": f"203.0.113.{number % 250}", "timestamp_opt": iso_offset(changed - 86_400 * 30),
        "member_rating": 2, "last_changed": iso_offset(changed), "language": "", "vip": False, "email_client": "",
        "location": {"latitude": 0, "longitude": 0, "gmtoff": 0, "dstoff": 0, "country_code": "", "timezone": "",
                     "region": ""},
        "source": "Import", "tags_count": 1, "tags": [{"id": 14_351_504, "name": "Made up"}], "list_id": list_id,
        **fields,
    }  # fmt: skip


def audience(number: int, at: float) -> dict[str, Any]:
    return {
        "id": code("mailchimp.list", number, 10), "web_id": 903_000 + number, "name": f"Audience {number}",
        "contact": {"company": "Made Up Ltd", "address1": "1 Made Up Street", "address2": "", "city": "Porto",
                    "state": "", "zip": "4000-322", "country": "PT", "phone": ""},
        "permission_reminder": "You asked for it.", "use_archive_bar": True,
        "campaign_defaults": {"from_name": "Made Up", "from_email": "hello@example.com", "subject": "", "language": ""},
        "notify_on_subscribe": "", "notify_on_unsubscribe": "", "date_created": iso_offset(at - 86_400 * 400),
        "list_rating": 0, "email_type_option": False, "visibility": "prv", "double_optin": False, "has_welcome": False,
        "marketing_permissions": False, "modules": [], "stats": {"member_count": 0, "unsubscribe_count": 0},
    }  # fmt: skip


def campaign(list_id: str, number: int, now: float, sent: float | None) -> dict[str, Any]:
    return {
        "id": code("mailchimp.campaign", number, 10), "web_id": 13_531_000 + number, "type": "regular",
        "create_time": iso_offset((sent or now) - 3600), "archive_url": "http://eepurl.com/madeup",
        "status": "sent" if sent else "save", "emails_sent": 0, "send_time": iso_offset(sent) if sent else "",
        "content_type": "template", "needs_block_refresh": False, "resendable": False,
        "recipients": {"list_id": list_id, "list_is_active": True, "list_name": "Made up", "segment_text": "",
                       "recipient_count": 0},
        "settings": {"subject_line": f"Letter {number}", "title": f"Letter {number}", "use_conversation": False,
                     "to_name": "", "folder_id": "", "authenticate": True, "auto_footer": False},
        "tracking": {"opens": True, "html_clicks": True, "text_clicks": False},
        "delivery_status": {"enabled": False},
    }  # fmt: skip


def report(list_id: str, number: int, sent: float) -> dict[str, Any]:
    return {
        "id": code("mailchimp.campaign", number, 10), "campaign_title": f"Letter {number}", "type": "regular",
        "list_id": list_id, "list_is_active": True, "list_name": "Made up", "subject_line": f"Letter {number}",
        "preview_text": "", "emails_sent": 50, "abuse_reports": 0, "unsubscribed": 0, "send_time": iso_offset(sent),
        "bounces": {"hard_bounces": 0, "soft_bounces": 0, "syntax_errors": 0},
        "forwards": {"forwards_count": 0, "forwards_opens": 0},
        "opens": {"opens_total": 12, "unique_opens": 9, "open_rate": 0.18, "last_open": iso_offset(sent + 3600)},
        "clicks": {"clicks_total": 4, "unique_clicks": 3, "unique_subscriber_clicks": 3, "click_rate": 0.06,
                   "last_click": iso_offset(sent + 7200)},
        "facebook_likes": {"recipient_likes": 0, "unique_likes": 0, "facebook_likes": 0},
        "list_stats": {"sub_rate": 0, "unsub_rate": 0, "open_rate": 100, "click_rate": 64.7},
        "timeseries": [{"timestamp": iso_offset(sent), "emails_sent": 50, "unique_opens": 6, "recipients_clicks": 1}],
        "ecommerce": {"total_orders": 0, "total_spent": 0, "total_revenue": 0}, "delivery_status": {"enabled": False},
    }  # fmt: skip
