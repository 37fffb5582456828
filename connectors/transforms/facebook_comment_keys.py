"""Facebook comments: the id that a paged answer leaves out, the page, and whom a comment concerns (platforms.md, 2).

A permalink tells all of it: `https://www.facebook.com/<page>/posts/<post>/?comment_id=…[&reply_comment_id=…]`. The id
is `<post>_<comment>` where comments are asked for, `<page>_<post>_<comment>` where a post brings them: the shorter one
counts. Author ids are page-scoped, so the key of a person is `<page>:<id>`. What the page itself writes under
somebody's comment concerns that somebody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.transforms.filled import Filled

if TYPE_CHECKING:
    import duckdb

_POST = r"(?:/posts/|/videos/|/reel/|/photos/[^?]*?/|[?&](?:fbid|story_fbid|v)=)(\d+)"
_IN_LINK = {
    "page": r"nullif(regexp_extract(coalesce(permalink_url, around_permalink_url), 'facebook\.com/(\d+)/', 1), '')",
    "post": f"nullif(regexp_extract(permalink_url, '{_POST}', 1), '')",
    "comment": r"nullif(regexp_extract(permalink_url, '[?&]comment_id=(\d+)', 1), '')",
    "reply": r"nullif(regexp_extract(permalink_url, '[?&]reply_comment_id=(\d+)', 1), '')",
}
_LONG = r"^\d+_(\d+_\d+)$"
# The record around a comment is the comment that it answers, or the post, whose second half is the comment's first.
_UNDER_POST = "coalesce(split_part(around_id, '_', 2) = split_part(id, '_', 1), false)"


def transform(connection: duckdb.DuckDBPyConnection) -> Filled:
    """Fills id, post_id, parent_id, parent_from_id, page_id, is_from_page and person_key."""
    link = _IN_LINK
    return Filled(
        connection,
        {"page_id": f"coalesce(page_id, case when regexp_matches(id, '{_LONG}') then split_part(id, '_', 1) end)"},
        {
            "id": f"coalesce(regexp_replace(id, '{_LONG}', '\\1'), {link['post']} || '_' || coalesce({link['reply']},"
            f" {link['comment']}))",
            "parent_id": f"regexp_replace(parent_id, '{_LONG}', '\\1')",
            "around_id": f"regexp_replace(around_id, '{_LONG}', '\\1')",
        },
        {
            "post_id": f"coalesce(post_id, case when {_UNDER_POST} then around_id end)",
            "parent_from_id": f"coalesce(parent_from_id, case when not {_UNDER_POST} then around_from_id end)",
            "parent_id": f"coalesce(parent_id, case when not {_UNDER_POST} then around_id end,"
            f" case when {link['reply']} is not null then split_part(id, '_', 1) || '_' || {link['comment']} end)",
        },
        {
            "page_id": f"coalesce(page_id, {link['page']}, case when post_id like '%\\_%' escape '\\' then"
            " split_part(post_id, '_', 1) end)",
        },
        {
            "post_id": "coalesce(post_id, page_id || '_' || split_part(id, '_', 1))",
            "is_from_page": "case when from_id is not null then (from_id = coalesce(page_id, ''))::varchar end",
        },
        {
            "person_key": "case when is_from_page = 'false' then coalesce(page_id, '') || ':' || from_id"
            " when is_from_page = 'true' and parent_from_id <> page_id then page_id || ':' || parent_from_id end",
        },
    )
