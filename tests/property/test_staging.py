"""No run makes more calls than its estimate."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.planning.estimate import estimate
from heyx_bulk.planning.matching import Matching
from heyx_bulk.sandbox import Faults
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.equality import PhoneLookup
from tests.support import runs

CELLS = st.fixed_dictionaries(
    {
        "heyx contact id": st.sampled_from(["", "", "7", "8", "nobody"]),
        "phone": st.sampled_from(["", "+4412345670", "4412345671", "00 4412345672", "+44 1234 5673"]),
        "email": st.sampled_from(["", "a@x.org", "B@x.org"]),
        "city": st.sampled_from(["", "Oslo", "Rome"]),
        "tags": st.sampled_from(["", "a", "a;b", ";".join(f"t{number}" for number in range(23))]),
        "remove tags": st.sampled_from(["", "z", ";".join(f"z{number}" for number in range(11))]),
    }
)


WIDE = [f"f{number}" for number in range(35)]


@pytest.mark.slow
@trying(max_examples=60, deadline=None)
@given(
    rows=st.lists(CELLS, min_size=1, max_size=5),
    wide=st.booleans(),
    lookup=st.sampled_from(PhoneLookup),
    no_match=st.booleans(),
    trust_ids=st.booleans(),
    phones=st.sampled_from(["as-sent", "plus", "digits"]),
)
def test_no_run_makes_more_calls_than_its_bill_says(
    *, rows: list[dict[str, str]], wide: bool, lookup: PhoneLookup, no_match: bool, trust_ids: bool, phones: str
) -> None:
    header = [*rows[0], *(WIDE if wide else ())]
    texts = [[*row.values(), *([f"v{number}" for number in range(35)] if wide else ())] for row in rows]
    options = UploadOptions(
        mapping=MappingOptions(custom_fields=True),
        matching=Matching(phone_lookup=lookup, no_match=no_match, trust_ids=trust_ids),
    )
    told = Faults(phones="plus" if phones == "plus" else "digits" if phones == "digits" else "as-sent")
    with tempfile.TemporaryDirectory() as folder, runs.Channel(told) as channel:
        channel.sandbox.add({"phone": "4412345670", "email": "a@x.org"}, ["z", "a"], id="7")
        channel.sandbox.add({"phone": "+4412345671"}, (), id="8")
        with runs.resumed(runs.checkpoint(runs.written(Path(folder), header, texts), options)) as run:
            due = estimate(run.open_rows(), run.matching)
            sent = channel.send(run)
            assert sent.calls <= due.calls
            assert set(run.checkpoint.queries.totals()) <= {"created", "updated", "unchanged", "failed", "invalid"}
