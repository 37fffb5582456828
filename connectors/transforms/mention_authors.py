"""Listening: on which network a mention stands, and who wrote it there (platforms.md, section 20).

network     x, instagram …, else the domain; blank for papers, blogs and broadcasters: their authors are no customers
author_key  <network>:<handle>, lower case without @: a handle says something on its own network only
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.transforms.filled import Filled

if TYPE_CHECKING:
    import duckdb

# network → (pattern of the kind of page, pattern of the domain)
_NETWORKS = {
    "x": ("twitter|x", "twitter|x"),
    "instagram": ("instagram.*", "instagram"),
    "facebook": ("facebook.*", "facebook"),
    "youtube": ("youtube.*", "youtube"),
    "tiktok": ("tiktok.*", "tiktok"),
    "reddit": ("reddit.*", "reddit"),
    "bluesky": ("bluesky.*", "bsky"),
    "threads": ("threads.*", "threads"),
    "linkedin": ("linkedin.*", "linkedin"),
    "tumblr": ("tumblr.*", "tumblr"),
}
_PUBLISHERS = "('news', 'blog', 'print', 'tv', 'television', 'radio', 'podcast', 'magazine', 'newsletter', 'general')"


def _network() -> str:
    known = " ".join(
        f"when regexp_full_match(lower(page_type), '{page}')"
        f" or regexp_matches(lower(domain), '(^|\\.)({domain})\\.[a-z]+$') then '{name}'"
        for name, (page, domain) in _NETWORKS.items()
    )
    return f"case {known} when lower(page_type) in {_PUBLISHERS} then null else lower(domain) end"


def transform(connection: duckdb.DuckDBPyConnection) -> Filled:
    """Fills network and author_key."""
    return Filled(
        connection,
        {"network": _network()},
        {"author_key": "network || ':' || lower(ltrim(trim(author), '@'))"},
    )
