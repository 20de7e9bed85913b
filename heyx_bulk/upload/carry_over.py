"""Rows of a new run that the run before sent alike: they are not sent again."""

from __future__ import annotations

from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint

_SENT = frozenset((Status.CREATED, Status.UPDATED, Status.UNCHANGED))


def carry_over(before: Checkpoint, new: Checkpoint) -> int:
    """Mark the rows of a new run that were sent alike by the run before; how many they are.

    With other options, or another meaning of the columns, all rows are sent.
    """
    then, now = before.info, new.info
    if (then.header, then.columns, then.options) != (now.header, now.columns, now.options):
        return 0
    sent = before.queries.sent_rows(_SENT)
    carried = 0
    with new.transaction():
        for number, cells in [*new.queries.plain_open_rows()]:
            if (contact_id := sent.get(cells)) is not None:
                new.queue.finish(Outcome(number, Status.UNCHANGED, contact_id, ""))
                carried += 1
    return carried
