"""Rows that ask for every kind of change, for property tests, and the mapping file of their columns."""

from __future__ import annotations

from hypothesis import strategies as st

from heyx_bulk.sandbox import Sandbox

MAPPING = """\
[columns.city]
field = "city"
policy = "fill-blank"
[columns.shoe]
field = "shoe"
policy = "clear-when-blank"
[columns.nick]
field = "nick"
policy = "never"
[columns.email]
field = "email"
policy = "fill-blank"
[columns.segment]
tags = "set"
prefix = "seg:"
policy = "clear-when-blank"
"""


CELLS = st.fixed_dictionaries(
    {
        "heyx contact id": st.sampled_from(["", "", "", "7"]),
        "phone": st.sampled_from(["", "+4412345670", "4412345671", "44 12345672"]),
        "email": st.sampled_from(["", "a@x.org", "B@x.org", "<clear>"]),
        "city": st.sampled_from(["", "Oslo", "Rome", "<clear>"]),
        "shoe": st.sampled_from(["", "42"]),
        "nick": st.sampled_from(["", "Al"]),
        "segment": st.sampled_from(["", "gold", ",".join(f"g{number}" for number in range(12))]),
        "tags": st.sampled_from(["", "a", "a;b"]),
        "remove tags": st.sampled_from(["", "z", ";".join(f"z{number}" for number in range(10))]),
    }
)

CONTACTS = st.lists(
    st.fixed_dictionaries(
        {
            "phone": st.sampled_from(["", "4412345670", "+4412345671"]),
            "email": st.sampled_from(["", "a@x.org", "b@x.org"]),
            "city": st.sampled_from(["", "Bonn"]),
        }
    ),
    max_size=3,
    unique_by=(lambda one: one["phone"], lambda one: one["email"]),
)


def state_of(sandbox: Sandbox) -> list[tuple[object, ...]]:
    """What a sandbox holds, whatever the ids of its contacts."""
    return sorted((tuple(sorted(one.fields.items())), tuple(sorted(one.tags))) for one in sandbox.contacts)
