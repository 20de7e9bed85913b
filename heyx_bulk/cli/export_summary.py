"""What an export covers, as a person reads it: who was found, and who cannot be known to be missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, islice

from heyx_bulk.export.request import ExportRequest
from heyx_bulk.storage.export_checkpoint.export_checkpoint import ExportCheckpoint
from heyx_bulk.storage.export_checkpoint.searches import SearchCoverage, SearchState
from heyx_bulk.values.phrases import count

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Coverage:
    """The lines that say it, whether everything asked for is there, and the same as plain data."""

    lines: tuple[str, ...]
    is_complete: bool
    document: dict[str, object]


def there_are(covered: SearchCoverage) -> str:
    """How many contacts a search will show, by its first page."""
    return f"{count(covered.total or 0, 'contact')} with {_said(covered)}, by HeyX's count."


def of(checkpoint: ExportCheckpoint, request: ExportRequest) -> Coverage:
    """What the journal's export covers."""
    covered, values = checkpoint.coverage(), checkpoint.value_coverage()
    failed = list(checkpoint.failed_ids())
    listed = [one for one in failed if one[1]]
    lines = [
        *_lines(covered),
        *_value_lines(checkpoint, request),
        *_id_lines(request, listed),
        *_known_lines(request, len(failed) - len(listed)),
    ]
    return Coverage(
        tuple(lines),
        is_complete=all(one.complete for one in covered) and not (listed or values.rejected or values.incomplete),
        document={
            "read": checkpoint.count(),
            "where": [{"field": one.wanted.name, "value": one.wanted.value, **_numbers(one)} for one in covered],
            "where_in": asdict(values) if request.listed else None,
            "missing_ids": [contact_id for contact_id, *_ in listed],
        },
    )


def _numbers(one: SearchCoverage) -> dict[str, object]:
    return {name: value for name, value in asdict(one).items() if name != "wanted"}


def _said(covered: SearchCoverage) -> str:
    return f"{covered.wanted.name}={covered.wanted.value}"


def _lines(covered: Sequence[SearchCoverage]) -> Iterator[str]:
    in_order = sorted(covered, key=lambda one: one.wanted.name)
    for name, group in groupby(in_order, key=lambda one: one.wanted.name):
        ones = list(group)
        yield from _field_lines(name, ones)
    if covered and not any(one.found for one in covered):
        yield "HeyX takes a field's name exactly as it is written there, capitals too."


def _field_lines(name: str, ones: Sequence[SearchCoverage]) -> Iterator[str]:
    found = sum(one.found for one in ones)
    totals = [one.total for one in ones]
    with_it = " or ".join(_said(one) for one in ones)
    without = f"contacts without {name} cannot be listed by this API"
    if None in totals:
        yield f"{count(found, 'contact')} with {with_it}; {without}."
    elif found == (total := sum(total or 0 for total in totals)):
        yield f"{found:,} of {count(total, 'contact')} with {with_it}; {without}."
    else:
        yield f"{count(found, 'contact')} with {with_it} ({total:,} by HeyX's count); {without}."
    for one in ones:
        if not one.complete:
            yield (
                f"Not certain to be complete: contacts with {_said(one)} came and went while they were read, in "
                f"each of {one.passes} passes. {one.partly:,} of them were not there in all passes, and are "
                "written all the same; one may be missing. Export again when HeyX is quiet, or add "
                f"--passes {2 * one.passes}."
            )


def _value_lines(checkpoint: ExportCheckpoint, request: ExportRequest) -> Iterator[str]:
    if not request.listed:
        return
    values = checkpoint.value_coverage()
    nobody = values.searched - values.found - values.rejected
    searched = count(values.searched, "value")
    yield f"{values.found:,} of {searched} searched for found somebody; {nobody:,} found nobody."
    if values.incomplete:
        unsettled = count(values.incomplete, "value")
        yield f"Contacts of {unsettled} came and went while they were read: one may be missing."
    if values.rejected:
        yield f"HeyX refused to search for {count(values.rejected, 'value')}:"
        for search in islice(checkpoint.rejected_searches(), SHOWN):
            yield f"  {search.wanted.name}={search.spelling}: {search.message}"


def _id_lines(request: ExportRequest, failed: Sequence[tuple[str, bool, SearchState, str]]) -> Iterator[str]:
    if not request.ids:
        return
    wanted = len(set(request.ids))
    yield f"{wanted - len(failed):,} of {count(wanted, 'contact')} by id."
    if failed:
        yield "These could not be had:"
    for contact_id, _, _, message in failed[:SHOWN]:
        yield f"  {contact_id}: {message}"
    if len(failed) > SHOWN:
        yield f"  and {len(failed) - SHOWN:,} more"


def _known_lines(request: ExportRequest, gone: int) -> Iterator[str]:
    if request.known:
        known = len(request.known)
        yield f"{known - gone:,} of {count(known, 'contact')} known from before; {gone:,} of them are gone."
