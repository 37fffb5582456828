"""A vendor's error page where data should be: told by its shape, quoted by its codes only, never by its words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from connectors.errors import FileRejectedError

if TYPE_CHECKING:
    from connectors.parsing.source import Source

_HTTP_CODE = re.compile(rb"<(?:title|h1)[^>]*>[^<]*?\b([45]\d\d)\b", re.IGNORECASE)
_XML_CODE = re.compile(rb"<(?:code|errorcode|error_code)>\s*([A-Za-z0-9_.-]{1,60})\s*<", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}|\d{1,9}")  # nothing with blanks, @ or slashes: no words, no persons
# Where vendors put their codes: Graph, Google, Klaviyo and GraphQL, Salesforce, HubSpot, Mailchimp, Apigee.
_PLACES = (
    ("error",), ("error", "type"), ("error", "code"), ("error", "status"), ("error", "error_subcode"),
    ("error", "errors", 0, "reason"), ("errors", 0, "status"), ("errors", 0, "code"),
    ("errors", 0, "extensions", "code"), ("errorCode",), ("category",), ("fault", "detail", "errorcode"), ("status",),
    ("code",),
)  # fmt: skip
_LOOKED_AT = 1 << 16


def refuse_markup(source: Source, first: bytes) -> None:
    """A web page or an XML error where text or JSON should be. Raises FileRejectedError."""
    head = first[:_LOOKED_AT].lstrip()
    if not head.startswith(b"<"):
        return
    found = _XML_CODE.search(head) or _HTTP_CODE.search(head)
    code = f" ({found[1].decode()})" if found else ""
    raise FileRejectedError(
        f"{source.where}: the file {source.name} is a web page or XML{code}, not data: mostly an error or a login page"
        " of the vendor. Check its access rights and limits there, and export again."
    )


def refuse_json(source: Source, first: bytes) -> None:
    """JSON where separated text should be. Raises FileRejectedError."""
    head = first[:_LOOKED_AT].lstrip()
    if not head.startswith((b"{", b"[")):
        return
    words = error_codes(_loaded(head))
    if words is not None:
        raise FileRejectedError(error_page(source, words))
    if _loaded(head.split(b"\n", 1)[0]) is not None or _loaded(head) is not None:
        raise FileRejectedError(
            f"{source.where}: the file {source.name} is JSON, the contract says {source.form.format}: ask for the"
            f" agreed form, or add a form with format: json in connectors/contracts/{source.platform}.yml."
        )


def error_page(source: Source, codes: str) -> str:
    """The message for a document that is an error."""
    return (
        f"{source.where}: the file {source.name} is an error page of the vendor ({codes or 'no code'}), not data: the"
        " export failed on their side. Check its access rights and limits there, and export again."
    )


def error_codes(document: Any) -> str | None:
    """The codes of an error document, joined by blanks (may be empty); None when it does not look like an error."""
    if isinstance(document, list):  # Salesforce: [{"message": …, "errorCode": "INVALID_SESSION_ID"}]
        document = document[0] if document and isinstance(document[0], dict) and "errorCode" in document[0] else None
    if not isinstance(document, dict) or not _is_error(document):
        return None
    found = [_at(document, place) for place in _PLACES]
    codes = [str(code) for code in found if isinstance(code, str | int) and not isinstance(code, bool)]
    return " ".join(dict.fromkeys(code for code in codes if _CODE.fullmatch(code)))


def _is_error(document: dict[str, Any]) -> bool:
    if any(document.get(key) for key in ("error", "errors", "errorCode", "fault")):
        return not document.get("data")  # GraphQL may give data with its errors
    status = document.get("status")
    if status == "error":
        return "message" in document
    failed = isinstance(status, int) and not isinstance(status, bool) and 400 <= status < 600
    return failed and bool({"title", "message", "detail"} & document.keys())


def _at(value: Any, place: tuple[str | int, ...]) -> Any:
    for step in place:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _loaded(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
