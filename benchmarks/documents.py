"""Nested documents for benchmarks/load.py: pages of Graph comments with replies, and Segment events. All made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PER_PAGE = 50


def comment(number: int) -> dict[str, Any]:
    """One comment as the Graph API gives it; every third has a reply of the brand."""
    author = {"id": f"9{number % 50000:09d}", "username": f"user_{number % 50000}"}
    found: dict[str, Any] = {
        "id": f"178{number:014d}", "text": f"I love this lamp number {number} so much, where can I buy it?",
        "timestamp": f"2026-01-30T09:{number % 60:02d}:16+0000", "username": author["username"], "from": author,
        "media": {"id": f"1784{number % 900:013d}", "media_product_type": "FEED"}, "hidden": False,
        "like_count": number % 9, "legacy_instagram_comment_id": str(10**15 + number),
    }  # fmt: skip
    if number % 3 == 0:
        reply = {
            "id": f"179{number:014d}",
            "text": "Thank you! It is on our site.",
            "username": "brand",
            "like_count": 0,
        }
        brand = {"id": "1", "username": "brand", "self_ig_scoped_id": "1"}
        found["replies"] = {"data": [{**reply, "timestamp": "2026-01-30T10:00:16+0000", "from": brand}]}
    return found


def event(number: int) -> dict[str, Any]:
    """One product view as Segment's browser library sends it, about 1.1 kB."""
    shop, product = "https://shop.example.org", number % 300
    second = f"2026-01-30T10:00:{number % 60:02d}"
    return {
        "messageId": f"ajs-{number:032x}", "type": "track", "event": "Product Viewed",
        "anonymousId": f"{number % 70000:036d}", "userId": str(number % 9000) if number % 4 == 0 else None,
        "properties": {
            "product_id": f"p{product}", "sku": f"S-{product}", "name": "Lamp, brass", "price": 49.9, "currency": "EUR",
            "category": "Lamps", "url": f"{shop}/p/{product}?utm_source=x", "quantity": 1,
        },
        "context": {
            "ip": f"10.0.0.{number % 250}", "locale": "en-GB", "timezone": "Europe/Berlin",
            "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/124.0",
            "library": {"name": "analytics.js", "version": "2.11.1"}, "screen": {"width": 1440, "height": 900},
            "page": {
                "path": f"/p/{product}", "referrer": "https://search.example.org/", "search": "", "title": "Lamp",
                "url": f"{shop}/p/{product}",
            },
            "campaign": {"source": "x", "medium": "social", "name": "spring"},
        },
        "originalTimestamp": f"{second}.123Z", "sentAt": f"{second}.323Z", "timestamp": f"{second}.123Z",
        "receivedAt": f"{second}.423Z", "version": 2, "integrations": {}, "channel": "client",
    }  # fmt: skip


def make_documents(path: Path, rows: int) -> int:
    """A file of about `rows` rows: `…graph.jsonl` pages of comments, one page per line; `…segment.jsonl` events, one
    per line. Returns the rows it holds (replies are rows too)."""
    made = 0
    with path.open("w", encoding="utf-8") as file:
        if path.name.endswith("graph.jsonl"):
            number = 0
            while made < rows:
                page = [comment(number + n) for n in range(PER_PAGE)]
                number += PER_PAGE
                made += PER_PAGE + sum("replies" in record for record in page)
                file.write(json.dumps({"data": page, "paging": {"cursors": {"after": "x"}}}) + "\n")
            return made
        for made in range(1, rows + 1):
            file.write(json.dumps(event(made)) + "\n")
    return made
