"""What web servers say about their files: folder pages, lists of addresses, checksums in headers."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

_DIGEST = re.compile(r"sha-256=:?([A-Za-z0-9+/]{43}=):?", re.IGNORECASE)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def links_in(text: str, content_type: str, address: str) -> list[tuple[str, bool]]:
    """(name, is a folder) of what a folder's page lists: HTML of Apache, nginx, Caddy, or their JSON.

    Links that lead anywhere but into the folder itself are left out.
    """
    if "json" in content_type:
        return _json_links(text)
    page = _Links()
    page.feed(text)
    found: dict[str, bool] = {}
    base = urlsplit(address)
    for link in page.found:
        target = urlsplit(urljoin(address, link))
        if (target.scheme, target.netloc) != (base.scheme, base.netloc) or target.query:
            continue
        if not target.path.startswith(base.path) or target.path == base.path:
            continue
        name = unquote(target.path[len(base.path) :])
        if "/" not in name.removesuffix("/"):
            found[name.removesuffix("/")] = name.endswith("/")
    return sorted(found.items())


def _json_links(text: str) -> list[tuple[str, bool]]:
    """nginx's autoindex_format json ({"name", "type"}) and Caddy's browse ({"name", "is_dir"})."""
    try:
        entries = json.loads(text)
    except ValueError:
        return []
    found = []
    for entry in entries if isinstance(entries, list) else []:
        name = str(entry.get("name", "")) if isinstance(entry, dict) else ""
        is_folder = bool(entry.get("is_dir")) or entry.get("type") == "directory" if name else False
        name = name.removesuffix("/")
        if name and "/" not in name and name not in (".", ".."):
            found.append((name, is_folder))
    return found


def addresses_in(text: str) -> list[str]:
    """Addresses that a list names: one per line (# begins a remark), or JSON: strings, or objects with url or path."""
    stripped = text.lstrip()
    if stripped[:1] not in ("[", "{"):
        lines = (line.strip() for line in text.splitlines())
        return [line for line in lines if line and not line.startswith("#")]
    try:
        data = json.loads(stripped)
    except ValueError:
        return []
    if isinstance(data, dict):
        data = next((data[name] for name in ("files", "entries", "urls", "parts") if name in data), [])
    return [found for entry in data if (found := _address(entry))]


def _address(entry: Any) -> str:
    if isinstance(entry, dict):
        return str(next((entry[name] for name in ("url", "href", "path", "name", "key") if entry.get(name)), ""))
    return str(entry)


def sha256_in(headers: Mapping[str, str]) -> str | None:
    """SHA-256 in hex from `Repr-Digest` (RFC 9530) or `Digest` (RFC 3230)."""
    for name in ("repr-digest", "digest"):
        if found := _DIGEST.search(headers.get(name, "")):
            try:
                return base64.b64decode(found[1], validate=True).hex()
            except binascii.Error:
                return None
    return None
