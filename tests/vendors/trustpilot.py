"""Trustpilot's private reviews as its documentation describes them: OAuth tokens for a business user, an API key beside
them, numbered pages.

Sources: developers.trustpilot.com (Authentication; How to use Private API: refresh an expired token, 429 for too many
authentications; Business Units API: private reviews with page, perPage ≤ 100, orderBy, startDateTime).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tests.vendors.kit import Answer, Call, Clock, Limit, VendorServer, answer
from tests.vendors.people import code, iso_z, person, unix

API_KEY, SECRET, REFRESH = "made-up-api-key", "made-up-secret", "made-up-refresh"
TOKEN_SECONDS = 360_000.0  # 100 hours
_OAUTH = "/v1/oauth/oauth-business-users-for-applications"


class Trustpilot(VendorServer):
    def __init__(self, clock: Clock | None = None, *, calls_a_minute: int = 833, logins_an_hour: int = 10) -> None:
        super().__init__(clock)
        self.units: dict[str, str] = {}
        self.reviews: dict[str, list[dict[str, Any]]] = {}
        self.after_page: list[Callable[[str, int], None]] = []
        self.limit = Limit(self.clock, calls_a_minute, 60)
        self.logins = Limit(self.clock, logins_an_hour, 3600)
        self.tokens: dict[str, float] = {}
        self.refresh_tokens = {REFRESH}
        self._made = self._pages = 0
        self.before.append(self._authorise)
        self.post(f"{_OAUTH}/accesstoken")(self._token)
        self.post(f"{_OAUTH}/refresh")(self._token)
        self.get("/v1/business-units/find")(self._find)
        self.get("/v1/private/business-units/{unit}/reviews")(self._reviews)

    # -- data ---------------------------------------------------------------------------------------------------------

    def add_unit(self, number: int) -> str:
        id_ = code("trustpilot.unit", number, 24)
        self.units[id_] = f"shop{number}.example.com"
        self.reviews[id_] = []
        return id_

    def add_review(self, unit: str, number: int, at: float, **fields: Any) -> dict[str, Any]:
        self.reviews[unit].append(review(unit, self.units[unit], number, at, **fields))
        return self.reviews[unit][-1]

    def expire_tokens(self) -> None:
        self.tokens.clear()

    # -- behaviour ----------------------------------------------------------------------------------------------------

    def _authorise(self, call: Call) -> Answer | None:
        if call.path.startswith(_OAUTH):
            if self.logins.take() is not None:
                return answer({"message": "Too Many Requests", "errorCode": 429}, 429)
            return None
        if call.path.startswith("/v1/private"):
            if self.tokens.get(call.bearer or "", 0.0) <= self.clock.time():
                return answer({"fault": {"faultstring": "Invalid or expired access token", "detail": {
                    "errorcode": "keymanagement.service.invalid_access_token"}}}, 401)  # fmt: skip
        elif call.headers.get("apikey", call.one("apikey")) != API_KEY:
            return answer({"fault": {"faultstring": "Invalid ApiKey", "detail": {}}}, 401)
        wait = self.limit.take()
        if wait is not None:
            return answer({"message": "Too Many Requests"}, 429, {"Retry-After": str(int(wait + 0.999))})
        return None

    def _token(self, call: Call) -> Answer:
        """Client credentials, or a refresh token that works once. expires_in is text, as the vendor sends it."""
        sent = call.form()
        basic = base64.b64encode(f"{API_KEY}:{SECRET}".encode()).decode()
        known = call.headers.get("authorization") == f"Basic {basic}" or (
            (sent.get("client_id"), sent.get("client_secret")) == (API_KEY, SECRET)
        )
        if not known:
            return answer({"message": "Invalid client credentials", "errorCode": 401}, 401)
        if sent.get("grant_type") == "refresh_token":
            if sent.get("refresh_token") not in self.refresh_tokens:
                return answer({"message": "Invalid refresh token", "errorCode": 400}, 400)
            self.refresh_tokens.discard(str(sent["refresh_token"]))
        elif sent.get("grant_type") != "client_credentials":
            return answer({"message": "Unsupported grant type", "errorCode": 400}, 400)
        self._made += 1
        token, refresh = f"access-{self._made}", f"refresh-{self._made}"
        self.tokens[token] = self.clock.time() + TOKEN_SECONDS
        self.refresh_tokens.add(refresh)
        return answer({"access_token": token, "refresh_token": refresh, "token_type": "BearerToken",
                       "expires_in": str(int(TOKEN_SECONDS)), "status": "approved"})  # fmt: skip

    def _find(self, call: Call) -> Answer:
        for id_, name in self.units.items():
            if call.one("name") == name:
                return answer({"id": id_, "displayName": name, "name": {"identifying": name, "referring": [name]},
                               "country": "PT", "status": "active"})  # fmt: skip
        return answer({"message": "Business unit not found", "errorCode": 404}, 404)

    def _reviews(self, call: Call) -> Answer:
        unit = call.params["unit"]
        if unit not in self.reviews:
            return answer({"message": "Business unit not found", "errorCode": 404}, 404)
        size, page = call.number("perPage", 20), call.number("page", 1)
        if not 1 <= size <= 100 or page < 1:
            return answer({"message": "perPage must be between 1 and 100", "errorCode": 400}, 400)
        since, until = call.one("startDateTime"), call.one("endDateTime")
        found = [
            record
            for record in self.reviews[unit]
            if (since is None or unix(record["createdAt"]) >= unix(since))
            and (until is None or unix(record["createdAt"]) <= unix(until))
        ]
        down = call.one("orderBy", "createdat.desc") == "createdat.desc"
        found.sort(key=lambda record: (unix(record["createdAt"]), record["id"]), reverse=down)
        links = [{"href": f"{self.url}{call.path}?page={page + 1}&perPage={size}", "method": "GET", "rel": "next-page"}]
        given = answer({"links": links if len(found) > page * size else [],
                        "reviews": found[(page - 1) * size : page * size]})  # fmt: skip
        self._pages += 1
        for hook in self.after_page:
            hook("reviews", self._pages)
        return given


def review(unit: str, name: str, number: int, at: float, **fields: Any) -> dict[str, Any]:
    """A private review as the published JSON Schema has it: e-mail and order number of invited reviewers only."""
    who, invited = person(number), number % 2 == 0
    return {
        "id": code("trustpilot.review", number, 24),
        "consumer": {"id": code("trustpilot.consumer", number, 24), "displayName": f"{who.given} {who.family[0]}",
                     "displayLocation": who.city, "numberOfReviews": 1 + number % 4},
        "businessUnit": {"id": unit, "identifyingName": name, "displayName": "Made Up Shop"},
        "stars": 1 + number % 5, "title": "Made up", "text": "It came quickly.", "language": "en", "location": None,
        "createdAt": iso_z(at), "updatedAt": None, "experiencedAt": iso_z(at - 86_400),
        "referralEmail": who.email if invited else None, "referenceId": f"#{1000 + number}" if invited else None,
        "source": "InvitationApi" if invited else "Organic", "companyReply": None, "tags": [],
        "findReviewer": {"isEligible": not invited, "requests": []}, "isVerified": invited, "numberOfLikes": 0,
        "status": "active", "reportData": None, "complianceLabels": [], "countsTowardsTrustScore": True,
        "countsTowardsLocationTrustScore": None, "invitation": {"businessUnitId": unit} if invited else None,
        "businessUnitHistory": [], "reviewVerificationLevel": "invited" if invited else "not-verified", **fields,
    }  # fmt: skip
