"""A search's pages: in which order they are read, and whether they show everybody. Pure.

HeyX pages by offset and promises no order: a contact that comes or goes while pages are read moves those behind it
from page to page, so that one may be met twice or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeenPage:
    """A page as it came: its number (from 1), its contacts' ids, and what HeyX said there are in all."""

    number: int
    ids: tuple[str, ...]
    last_page: int
    total: int | None = None


def page_order(last_page: int) -> Iterator[int]:
    """The numbers of all pages: every other one first, then back again those between.

    Read so, pages that lie side by side are read far apart in time. Whatever moved contacts in between shows as
    contacts met twice, even where as many came as went, and the total says nothing. What stays unseen: one who
    goes from the very page that was read last, between two answers, as another one comes further behind.
    """
    yield from range(1, last_page + 1, 2)
    yield from range(last_page - last_page % 2, 1, -2)


def last_page_of(pages: Sequence[SeenPage]) -> int:
    """The highest number of a page that HeyX has named."""
    return max((page.last_page for page in pages), default=1)


def unread_pages(pages: Sequence[SeenPage]) -> Iterator[int]:
    """The numbers of the pages that are still to be read, in their order."""
    read = {page.number for page in pages}
    return (number for number in page_order(last_page_of(pages)) if number not in read)


def ids_of(pages: Sequence[SeenPage]) -> frozenset[str]:
    """The ids on these pages."""
    return frozenset(contact_id for page in pages for contact_id in page.ids)


def is_complete(pages: Sequence[SeenPage]) -> bool:
    """Whether all pages of a search, in the order in which they came, show everybody who was there all the time.

    Nobody was met twice, and as many were met as HeyX says there are at the end; nobody went while we read, which
    could hide one whom nobody met. Where HeyX tells no totals, the number of pages must not have changed.
    """
    met = [contact_id for page in pages for contact_id in page.ids]
    if len(set(met)) != len(met):
        return False
    totals = [page.total for page in pages if page.total is not None]
    if len(totals) < len(pages):
        return len({page.last_page for page in pages}) <= 1
    return totals[0] == min(totals) and totals[-1] == max(totals) == len(met)
