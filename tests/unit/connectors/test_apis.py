"""The client of vendors' APIs without a warehouse: paging, windows, pace, errors, and what is (never) written."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from connectors.apis.client import ApiClient
from connectors.apis.description import VendorDescription, described, load_description, read_description
from connectors.apis.endpoints import Incremental
from connectors.apis.pacing import Pace
from connectors.apis.pages import Job, pull_pages
from connectors.apis.place import folders_of
from connectors.apis.rules import Limits
from connectors.apis.staging import Staging, State
from connectors.apis.strategies import strategy
from connectors.apis.templates import Missing, at, fill, moment, spell
from connectors.apis.windows import Window, day_windows, first_window
from connectors.connections import Connection
from connectors.contracts import load_contract
from connectors.errors import ApiAccessError, ApiError, ContractError
from tests.vendors.kit import Answer, Call, Clock, VendorServer, answer, text

DAY = dt.date(2026, 1, 10)
SECRET = "a-secret-made-up"
RECORDS = [{"id": n, "updated": f"2026-01-{n // 10 + 1:02d}T00:00:{n % 10:02d}Z"} for n in range(57)]


@pytest.fixture
def vendor() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


class Pull:
    """One endpoint of a vendor that is described in a line, pulled into a folder."""

    def __init__(self, vendor: VendorServer, folder: Path, endpoint: dict[str, Any], **vendor_keys: Any) -> None:
        things = {"folder": "thing", "path": "/things", "records": "data", **endpoint}
        whole = {"platform": "made_up", "title": "Made up", "base_url": "https://api.example.com",
                 "auth": {"kind": "bearer"}, **vendor_keys, "endpoints": {"things": things}}  # fmt: skip
        self.description = VendorDescription.model_validate(whole)
        connection = Connection(
            "made_up", host=vendor.url, login="ada", password=SECRET, extra={"key": "another-secret"}
        )
        self.client = ApiClient(self.description, connection, vendor.clock)
        self.staging = Staging(folder, "made_up", "thing", DAY, "things", "")
        self.staging.begin()
        self.state = State({}, vendor.clock.time())
        self.window = Window()

    def run(self, window: Window | None = None) -> list[Any]:
        """The records that were written, in order."""
        endpoint = self.description.endpoints["things"]
        pull_pages(
            Job(self.client, endpoint, "", DAY, self.client.variables, window or self.window, self.staging, self.state)
        )
        return [record["id"] for line in self.staging.lines() for record in at(json.loads(line), endpoint.records)]


def page_of(call: Call, start: int, size: int) -> list[dict[str, Any]]:
    return RECORDS[start : start + size]


def test_every_kind_of_paging_reads_all_records(vendor: VendorServer, tmp_path: Path) -> None:
    @vendor.get("/next_url")
    def next_url(call: Call) -> Answer:
        start = call.number("at", 0)
        more = f"{vendor.url}/next_url?at={start + 10}&token={SECRET}&kept=1" if start + 10 < len(RECORDS) else None
        return answer({"data": page_of(call, start, 10), "links": {"next": more}})

    @vendor.get("/link_header")
    def link_header(call: Call) -> Answer:
        start = call.number("at", 0)
        link = f'</x>; rel="prev", <{vendor.url}/link_header?at={start + 10}>; rel="next"'
        return answer({"data": page_of(call, start, 10)}, headers={"Link": link} if start + 10 < len(RECORDS) else {})

    @vendor.get("/cursor")
    def cursor(call: Call) -> Answer:
        start = int((call.one("c") or "c0")[1:])
        more = {"c": f"c{start + 10}"} if start + 10 < len(RECORDS) else {}
        return answer({"data": page_of(call, start, 10), "meta": more})

    @vendor.get("/last_id")
    def last_id(call: Call) -> Answer:
        return answer({"data": page_of(call, call.number("since_id", -1) + 1, 10)})

    @vendor.get("/offset")
    def offset(call: Call) -> Answer:
        return answer({"data": page_of(call, call.number("offset", 0), call.number("count", 5)), "total": len(RECORDS)})

    @vendor.get("/page_number")
    def page_number(call: Call) -> Answer:
        size = call.number("per_page", 5)
        return answer({"data": page_of(call, (call.number("page", 0) - 1) * size, size)})

    @vendor.post("/body")
    def body(call: Call) -> Answer:
        asked = call.json()
        start = int(asked.get("paging", {}).get("after", 0))
        more = {"after": str(start + asked["limit"])} if start + asked["limit"] < len(RECORDS) else {}
        return answer({"data": page_of(call, start, asked["limit"]), "paging": more})

    size = {"param": "count", "value": 10}
    kinds: dict[str, dict[str, Any]] = {
        "next_url": {"paging": {"kind": "next_url", "at": "links.next"}},
        "link_header": {"paging": {"kind": "link_header"}},
        "cursor": {"paging": {"kind": "cursor", "at": "meta.c", "param": "c", "keep": False}},
        "last_id": {"paging": {"kind": "last_id", "at": "id", "param": "since_id"}},
        "offset": {"paging": {"kind": "offset", "param": "offset", "total": "total"}, "page_size": size},
        "page_number": {"paging": {"kind": "page_number", "param": "page", "first": 1},
                        "page_size": {"param": "per_page", "value": 10}},
        "body": {"method": "POST", "body": {"filters": []},
                 "page_size": {"param": "limit", "value": 10, "into": "body"},
                 "paging": {"kind": "cursor", "at": "paging.after", "param": "paging.after", "into": "body"}},
    }  # fmt: skip
    for kind, keys in kinds.items():
        pull = Pull(vendor, tmp_path / kind, {"path": f"/{kind}", **keys}, forget=["token"])
        assert pull.run() == list(range(57)), kind
        assert not any(call.one("token") for call in vendor.calls_to(f"/{kind}"))
        written = b"".join(pull.staging.lines())
        assert SECRET.encode() not in written
    assert b"token=***" in b"".join(Path(p).read_bytes() for p in (tmp_path / "next_url").rglob("*-0001.json"))


def test_a_vendor_that_gives_only_so_many_is_asked_again_from_the_newest(vendor: VendorServer, tmp_path: Path) -> None:
    @vendor.get("/things")
    def things(call: Call) -> Answer:
        since, start = call.one("since") or "", call.number("offset", 0)
        if start + 10 > 20:
            return answer({"error": "too deep"}, 400)
        found = [record for record in RECORDS if str(record["updated"]) >= since]
        return answer({"data": found[start : start + 10]})

    endpoint = {
        "params": {"since": "${since}"}, "page_size": {"param": "count", "value": 10},
        "paging": {"kind": "offset", "param": "offset", "most": 20},
        "incremental": {"kind": "time", "field": "updated"},
    }  # fmt: skip
    found = Pull(vendor, tmp_path, endpoint).run()
    assert sorted(set(found)) == list(range(57))  # the newest of each window comes twice, none is missing


def test_a_page_that_names_itself_as_the_next_ends_with_an_error(vendor: VendorServer, tmp_path: Path) -> None:
    vendor.get("/things")(lambda call: answer({"data": RECORDS[:1], "next": "same"}))
    endpoint = {"paging": {"kind": "cursor", "at": "next", "param": "c"}, "params": {"c": "same"}}
    with pytest.raises(ApiError, match="same page"):
        Pull(vendor, tmp_path, endpoint).run()


def test_next_pages_on_another_host_are_not_asked(vendor: VendorServer, tmp_path: Path) -> None:
    vendor.get("/things")(lambda call: answer({"data": [], "next": "https://evil.example.net/things"}))
    with pytest.raises(ApiAccessError, match="another host"):
        Pull(vendor, tmp_path, {"paging": {"kind": "next_url", "at": "next"}}).run()


def test_retry_after_as_a_date_and_budgets(vendor: VendorServer, tmp_path: Path) -> None:
    later = email.utils.format_datetime(dt.datetime.fromtimestamp(vendor.clock.time() + 90, dt.UTC), usegmt=True)
    vendor.get("/things")(lambda call: answer({"data": RECORDS[:1], "next": None}))
    vendor.faults.add("/things", given=text("slow down", 429))
    vendor.faults.add("/things", given=Answer(429, b"{}", {"Retry-After": later}))
    pull = Pull(vendor, tmp_path, {"each": {"n": [1, 2, 3, 4, 5]}},
                limits={"budgets": [{"calls": 2, "seconds": 10}], "throttle_seconds": 45})  # fmt: skip
    pull.run()
    times = [call.at - vendor.calls[0].at for call in vendor.calls]
    assert times[1] == 45  # nothing was said: throttle_seconds
    assert 89 <= times[2] <= 91  # the date that was said
    assert all(b - a >= 10 for a, b in zip(times[2:], times[4:], strict=False))  # two in ten seconds


def test_patience_ends_with_an_error_that_can_be_tried_again(vendor: VendorServer, tmp_path: Path) -> None:
    vendor.faults.add("/things", given=Answer(429, b"{}", {"Retry-After": "4000"}), times=-1)
    pull = Pull(vendor, tmp_path, {}, limits={"patience_minutes": 60})
    with pytest.raises(ApiError, match="60 minutes of patience") as caught:
        pull.run()
    assert not isinstance(caught.value, ApiAccessError)
    assert len(vendor.calls) == 1


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"kind": "bearer"}, "authorization", f"Bearer {SECRET}"),
        ({"kind": "header", "name": "X-Key", "prefix": "Key "}, "x-key", f"Key {SECRET}"),
        ({"kind": "basic", "prefix": "/token"}, "authorization", "Basic YWRhL3Rva2VuOmEtc2VjcmV0LW1hZGUtdXA="),
        ({"kind": "query", "name": "api_key", "secret": "extra.key"}, "api_key", "another-secret"),
    ],
)
def test_identities(vendor: VendorServer, tmp_path: Path, auth: dict[str, Any], header: str, value: str) -> None:
    vendor.get("/things")(lambda call: answer({"data": []}))
    Pull(vendor, tmp_path, {}, auth=auth).run()
    (call,) = vendor.calls
    assert (call.one(header) if auth["kind"] == "query" else call.headers[header]) == value


@pytest.mark.parametrize("kind", ["html200", "garbage", "truncate", "cut", "drop", "html"])
def test_what_stays_broken_is_named_without_secrets(vendor: VendorServer, tmp_path: Path, kind: Any) -> None:
    vendor.get("/things")(lambda call: answer({"data": [{"id": 1, "name": "Ada Abara"}]}))
    vendor.faults.add("/things", kind, times=-1)
    with pytest.raises(ApiError, match=r"made_up\.thing .*page 1: .*, 3 times") as caught:
        Pull(vendor, tmp_path, {}, limits={"tries": 3}).run()
    assert len(vendor.calls) == 3
    assert SECRET not in str(caught.value) and "Ada" not in str(caught.value) and vendor.url not in str(caught.value)


def test_a_vendor_that_does_not_answer_in_time_is_asked_again(vendor: VendorServer, tmp_path: Path) -> None:
    vendor.get("/things")(lambda call: answer({"data": RECORDS[:3]}))
    vendor.faults.add("/things", "hang", seconds=0.6)
    assert Pull(vendor, tmp_path, {"timeout_seconds": 0.2}).run() == [0, 1, 2]
    assert len(vendor.calls) == 2


def test_pretty_printed_pages_take_one_line_and_lose_nothing(vendor: VendorServer, tmp_path: Path) -> None:
    content = {"data": [{"id": 1, "text": "two\nlines\r\n\u2028and more"}, {"id": 2, "text": "ünï"}]}
    vendor.get("/things")(lambda call: Answer(200, json.dumps(content, indent=2).encode().replace(b"\n", b"\r\n")))
    pull = Pull(vendor, tmp_path, {})
    pull.run()
    (line,) = pull.staging.lines()
    assert json.loads(line) == content


def test_a_state_that_does_not_fit_is_not_gone_on_with(tmp_path: Path) -> None:
    staging = Staging(tmp_path, "made_up", "thing", DAY, "things", "1/2")
    staging.begin()
    state = State({"cursor": 1}, 1000.0)
    for number in range(3):
        staging.append(b'{"data":[]}', state)
        state.pages = number + 1
        staging.save(state)
    with (staging.folder / next(iter(state.files))).open("ab") as file:
        file.write(b'{"da')  # killed while writing
    with staging.state_path.open("ab") as file:
        file.write(b'{"base"')
    assert staging.resume({"cursor": 2}, 1000, 100) is None
    assert staging.resume({"cursor": 1}, 2000, 100) is None
    found = staging.resume({"cursor": 1}, 1010, 100)
    assert found is not None and found.pages == 3
    assert list(staging.lines()) == [b'{"data":[]}\n'] * 3


@given(
    st.datetimes(dt.datetime(2001, 9, 10), dt.datetime(2100, 1, 1)),
    st.sampled_from(["iso", "iso_ms", "unix", "unix_ms"]),
)
def test_moments_come_back_from_every_spelling(value: dt.datetime, how: str) -> None:
    exact = value.replace(tzinfo=dt.UTC)
    back = moment(spell(exact, how))
    assert back is not None
    assert abs((back - exact).total_seconds()) < (1 if how in ("iso", "unix") else 0.002)


def test_moments_of_vendors() -> None:
    expected = dt.datetime(2021, 8, 10, 18, 45, 3, tzinfo=dt.UTC)
    spellings = ["2021-08-10T18:45:03+0000", "2021-08-10T18:45:03Z", "2021-08-10T14:45:03-04:00", 1628621103,
                 "1628621103", 1628621103000, "2021-08-10 18:45:03 UTC", "2021-08-10 18:45:03+00:00"]  # fmt: skip
    assert [moment(text) for text in spellings] == [expected] * len(spellings)
    assert moment("2022-11-16T11:02:09.19802Z") == dt.datetime(2022, 11, 16, 11, 2, 9, 198020, dt.UTC)
    assert [moment(bad) for bad in ("yesterday", "", None, True, {}, "99999999999999999999")] == [None] * 6


@given(st.dates(dt.date(2025, 1, 1), dt.date(2026, 1, 10)), st.integers(0, 40), st.integers(1, 90))
def test_windows_of_days_leave_no_day_out_and_none_twice(cursor: dt.date, back: int, length: int) -> None:
    incremental = Incremental.model_validate(
        {"kind": "days", "first": "30d", "look_back": f"{back}d", "window_days": length}
    )
    start = first_window(incremental, {"time": cursor.isoformat()}, DAY).since
    assert start is not None
    windows = day_windows(incremental, start, DAY)
    days = [
        w.since.date() + dt.timedelta(n)
        for w in windows
        if w.since and w.until
        for n in range((w.until - w.since).days)
    ]
    oldest = min(cursor - dt.timedelta(back - 1), DAY)
    assert days == [oldest + dt.timedelta(n) for n in range((DAY - oldest).days + 1)]
    assert all(w.since and w.until and (w.until - w.since).days <= length for w in windows)


def test_parameters_without_a_value_are_left_out() -> None:
    assert fill({"a": "${since}", "b": "x${id}", "c": ["${since}", 1]}, {"id": 7}) == {"b": "x7", "c": [1]}
    assert fill("${id}", {"id": 7}) == 7
    with pytest.raises(Missing):
        fill("${since}", {})


def test_a_pace_never_lets_more_through_than_its_budgets() -> None:
    clock = Clock()
    pace = Pace(Limits.model_validate({"budgets": [{"calls": 3, "seconds": 1}, {"calls": 10, "seconds": 60}]}), clock)
    sent = []
    for _ in range(25):
        pace.wait()
        sent.append(clock.time())
    assert all(b - a >= 1 for a, b in zip(sent, sent[3:], strict=False))
    assert all(b - a >= 60 for a, b in zip(sent, sent[10:], strict=False))


def test_every_description_feeds_folders_that_its_contract_reads() -> None:
    for platform in described():
        description, contract = load_description(platform), load_contract(platform)
        read = {folder for export in contract.objects.values() for folder in folders_of(export)}
        fed = {endpoint.folder for endpoint in description.endpoints.values() if endpoint.folder}
        assert fed <= read, f"{platform}: nothing reads {fed - read}"
        parents = {e.parents.endpoint for e in description.endpoints.values() if e.parents}
        unused = [e.name for e in description.endpoints.values() if not e.folder and e.name not in parents]
        assert not unused, f"{platform}: nothing needs {unused}"
        assert all(strategy(endpoint.strategy) for endpoint in description.endpoints.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "/x/${nobody}"}, r"\$\{nobody\} is none of"),
        ({"paging": {"kind": "cursor", "at": "next"}}, "needs param"),
        ({"incremental": {"kind": "time", "field": "x", "look_back": "soon"}}, "is no duration"),
        ({"parents": {"endpoint": "others", "fields": {"a": "id"}}}, "there is no endpoint 'others'"),
        ({"pathh": "/x"}, "is not a key"),
        ({"errors": [{"when": {}, "do": "retry"}]}, "say when"),
    ],
)
def test_a_wrong_description_says_what_to_write(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "made_up.yml"
    endpoint = {"folder": "thing", "path": "/things", "records": "data", **change}
    path.write_text(
        yaml.safe_dump(
            {"platform": "made_up", "title": "x", "base_url": "https://x", "endpoints": {"things": endpoint}}
        )
    )
    with pytest.raises(ContractError, match=message):
        read_description(path)


def test_what_an_installation_leaves_out_takes_its_children_along() -> None:
    graph = load_description("facebook_pages")
    assert set(graph.endpoints) - set(graph.without(["posts"]).endpoints) == {
        "posts", "comments", "reactions", "post_insights",
    }  # fmt: skip
    with pytest.raises(ContractError, match="'likes', which is no endpoint"):
        graph.without(["likes"])


def test_killed_at_any_moment_a_pull_goes_on_to_the_same_result(vendor: VendorServer, tmp_path: Path) -> None:
    class Death(BaseException):
        pass

    class Dying(Clock):
        left = 10**9

        def time(self) -> float:
            self.left -= 1
            if self.left < 0:
                raise Death
            return super().time()

    @vendor.get("/things/{parent}")
    def things(call: Call) -> Answer:
        start = call.number("offset", 0)
        return answer({"data": RECORDS[:25][start : start + 10]})

    endpoint = {"path": "/things/${n}", "each": {"n": [1, 2]}, "page_size": {"param": "count", "value": 10},
                "paging": {"kind": "offset", "param": "offset"},
                "incremental": {"kind": "time", "field": "updated"}}  # fmt: skip
    whole = Pull(vendor, tmp_path / "whole", endpoint)
    expected, asked = whole.run(), len(vendor.calls)
    moments = 0
    for life in range(1, 2 * asked + 4):
        clock = Dying()
        pull = Pull(vendor, tmp_path / str(life), endpoint)
        pull.client = ApiClient(pull.description, pull.client.connection, clock)
        pull.staging.save(pull.state)
        clock.left = life
        try:
            found = pull.run()
        except Death:
            moments += 1
            clock.left = 10**9
            resumed = pull.staging.resume({}, pull.state.started_at, 100)
            assert resumed is not None
            pull.state = resumed
            found = pull.run()
        assert found == expected
        assert (pull.state.high, pull.state.pages) == (whole.state.high, whole.state.pages)
    assert moments >= asked  # it died before each call at least once
