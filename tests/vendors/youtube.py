"""YouTube's Data API and Reporting API on 127.0.0.1, as Google documents them. Made-up channels only.

    tube = YoutubeServer()             # tube.threads, tube.replies, tube.videos, tube.subscriptions, tube.reports
    /token                             # the OAuth token address: put it into the connection's extra as token_url

Answers are pretty-printed, as Google's are. `nextPageToken` means the position in the list; a page may begin with
records of the page before (`overlap`). `quota`: units that are left (every list call costs one).
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from connectors.apis.templates import moment
from tests.vendors.kit import Answer, Call, Clock, VendorServer, answer, text

Record = dict[str, Any]
CLIENT, SECRET, REFRESH = "client-made-up.apps.example.com", "client-secret-made-up", "refresh-token-made-up"


def error(status: int, reason: str, message: str = "made up") -> Answer:
    """Google's error document."""
    body = {"error": {"code": status, "message": message, "errors": [
        {"message": message, "domain": "youtube", "reason": reason}]}}  # fmt: skip
    return pretty(body, status)


def pretty(content: Any, status: int = 200) -> Answer:
    body = json.dumps(content, indent=2, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=UTF-8"})


class YoutubeServer(VendorServer):
    """channel: the brand's channel id; threads: newest first; reports: job id → reports with their CSV in `_csv`."""

    def __init__(self, channel: str = "UCmadeupchannel0000000001", clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.channel = channel
        self.threads: list[Record] = []
        self.replies: dict[str, list[Record]] = {}
        self.videos: list[Record] = []
        self.subscriptions: list[Record] = []
        self.jobs: dict[str, str] = {}  # report type → job id
        self.reports: dict[str, list[Record]] = {}
        self.quota: int | None = None
        self.overlap = 0
        self.tokens: list[str] = []
        self.token_seconds = 3600.0
        self._token_ends = 0.0
        self.before.append(self._check)
        self.post("/token")(self._token)
        self.get("/youtube/v3/channels")(self._channels)
        self.get("/youtube/v3/playlistItems")(self._uploads)
        self.get("/youtube/v3/videos")(self._videos)
        self.get("/youtube/v3/commentThreads")(lambda call: self._list(call, "commentThread", self.threads, 100))
        self.get("/youtube/v3/comments")(self._replies)
        self.get("/youtube/v3/subscriptions")(lambda call: self._list(call, "subscription", self.subscriptions, 50))
        self.get("/v1/jobs")(self._jobs)
        self.get("/v1/jobs/{job}/reports")(self._reports)
        self.get("/v1/media/{report}")(self._media)

    def _token(self, call: Call) -> Answer:
        form = call.form()
        expected = {"grant_type": "refresh_token", "client_id": CLIENT, "client_secret": SECRET,
                    "refresh_token": REFRESH}  # fmt: skip
        if form != expected:
            return answer({"error": "invalid_grant", "error_description": "Bad Request"}, 400)
        self.tokens.append(f"ya29.made-up-{len(self.tokens) + 1}")
        self._token_ends = self.clock.time() + self.token_seconds
        return answer({"access_token": self.tokens[-1], "expires_in": int(self.token_seconds), "token_type": "Bearer"})

    def _check(self, call: Call) -> Answer | None:
        if call.path == "/token":
            return None
        if not self.tokens or call.bearer != self.tokens[-1] or self.clock.time() >= self._token_ends:
            return error(401, "authError", "Invalid Credentials")
        if call.path.startswith("/youtube/v3") and self.quota is not None:
            if self.quota <= 0:
                return error(403, "quotaExceeded", "The request cannot be completed because you exceeded your quota.")
            self.quota -= 1
        return None

    def _list(self, call: Call, kind: str, records: list[Record], most: int) -> Answer:
        size = call.number("maxResults", 5)
        if not 1 <= size <= most:
            return error(400, "invalidParameter")
        start = 0
        if token := call.one("pageToken"):
            start = int(base64.urlsafe_b64decode(token).decode())
        page = records[max(start - self.overlap, 0) : start + size] if start else records[:size]
        body: Record = {"kind": f"youtube#{kind}ListResponse", "etag": "made-up"}
        if start + size < len(records):
            body["nextPageToken"] = page_token(start + size)
        total = {"totalResults": len(records) + 7, "resultsPerPage": size}  # not to be relied on
        return pretty({**body, "pageInfo": total, "items": page})

    def _channels(self, call: Call) -> Answer:
        uploads = {"relatedPlaylists": {"uploads": "UU" + self.channel[2:]}}
        record = {"kind": "youtube#channel", "etag": "x", "id": self.channel, "snippet": {"title": "The Shop"},
                  "statistics": {"subscriberCount": "12"}, "contentDetails": uploads}  # fmt: skip
        return self._list(call, "channel", [record] if call.one("id") == self.channel else [], 50)

    def _uploads(self, call: Call) -> Answer:
        if call.one("playlistId") != "UU" + self.channel[2:]:
            return error(404, "playlistNotFound")
        items = [{"kind": "youtube#playlistItem", "id": f"pl-{v['id']}", "contentDetails": {"videoId": v["id"]}}
                 for v in self.videos]  # fmt: skip
        return self._list(call, "playlistItem", items, 50)

    def _videos(self, call: Call) -> Answer:
        ids = (call.one("id") or "").split(",")
        if len(ids) > 50:
            return error(400, "invalidParameter")
        return self._list(call, "video", [video for video in self.videos if video["id"] in ids], 50)

    def _replies(self, call: Call) -> Answer:
        parent = call.one("parentId") or ""
        if parent not in self.replies:
            return error(404, "commentNotFound")
        return self._list(call, "comment", self.replies[parent], 100)

    def _jobs(self, call: Call) -> Answer:
        jobs = [{"id": job, "reportTypeId": kind, "name": kind} for kind, job in self.jobs.items()]
        return pretty({"jobs": jobs} if jobs else {})

    def _reports(self, call: Call) -> Answer:
        after = moment(call.one("createdAfter"))
        found = [
            {**{name: value for name, value in report.items() if name != "_csv"}, "jobId": call.params["job"],
             "downloadUrl": f"{self.url}/v1/media/{report['id']}?alt=media"}
            for report in self.reports.get(call.params["job"], [])
            if after is None or (moment(report["createTime"]) or after) > after
        ]  # fmt: skip
        start, size = int(call.one("pageToken") or 0), min(call.number("pageSize", 2), 2)  # fewer than asked for
        body: Record = {"reports": found[start : start + size]} if found else {}
        if start + size < len(found):
            body["nextPageToken"] = str(start + size)
        return pretty(body)

    def _media(self, call: Call) -> Answer:
        for reports in self.reports.values():
            for report in reports:
                if report["id"] == call.params["report"]:
                    given = text(report["_csv"], content_type="text/csv")
                    if "gzip" in call.headers.get("accept-encoding", ""):
                        return Answer(200, gzip.compress(given.body), {**given.headers, "Content-Encoding": "gzip"})
                    return given
        return error(404, "notFound")


def page_token(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode()


def comment(identity: str, author: int, published: str, parent: str | None = None, words: str = "words") -> Record:
    """A comment resource."""
    snippet: Record = {
        "authorDisplayName": f"@person{author}", "authorChannelId": {"value": f"UCmadeupperson{author:010d}"},
        "videoId": "vid00000001", "textDisplay": words, "textOriginal": words, "canRate": True, "viewerRating": "none",
        "likeCount": 0, "publishedAt": published, "updatedAt": published,
    }  # fmt: skip
    if parent:
        snippet["parentId"] = parent
    return {"kind": "youtube#comment", "etag": "made-up", "id": identity, "snippet": snippet}


def thread(identity: str, author: int, published: str, channel: str, replies: list[Record], total: int) -> Record:
    """A comment thread resource that brings some of its replies."""
    snippet = {"channelId": channel, "videoId": "vid00000001", "topLevelComment": comment(identity, author, published),
               "canReply": True, "totalReplyCount": total, "isPublic": True}  # fmt: skip
    record: Record = {"kind": "youtube#commentThread", "etag": "made-up", "id": identity, "snippet": snippet}
    return {**record, "replies": {"comments": replies}} if replies else record
