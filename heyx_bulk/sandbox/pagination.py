"""Pages of search results, with their links and meta.

Documented: the links are `http://` and carry only `?page=N`, so following them loses the search. Seen: a page past
the end is 200 with no data. Read in the framework's source: `last_page` is at least 1; `from` and `to` are null on
an empty page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heyx_bulk.sandbox.store import Record

CONTACTS_A_PAGE = 10
_PATH = "http://app.heyx.io/api/v1/contact/by_custom_field"


def page_of(found: Sequence[Record], number: int, size: int, *, meta_links: bool) -> dict[str, Any]:
    """The page with this number, counted from 1, of `size` contacts, in the documented shape."""
    start = (number - 1) * size
    shown = found[start : start + size]
    last = max(1, -(-len(found) // size))
    links = {
        "first": _link(1),
        "last": _link(last),
        "prev": _link(number - 1) if number > 1 else None,
        "next": _link(number + 1) if number < last else None,
    }
    meta: dict[str, Any] = {
        "current_page": number,
        "from": start + 1 if shown else None,
        "last_page": last,
        "path": _PATH,
        "per_page": size,
        "to": start + len(shown) if shown else None,
        "total": len(found),
    }
    if meta_links:
        meta["links"] = [
            {"url": _link(page), "label": str(page), "active": page == number} for page in range(1, last + 1)
        ]
    return {"data": [record.as_json() for record in shown], "links": links, "meta": meta}


def _link(number: int) -> str:
    return f"{_PATH}?page={number}"
