"""Rows of one contact, to be made one."""

from __future__ import annotations

from hypothesis import strategies as st

from heyx_bulk.models.contacts import ContactRow, Field, Policy, TagSet

KEYS = ("phone", "email")


PREFIXES = ("seg:", "plan:")


TAGS = ("VIP", "New", "seg:a", "seg:b", "seg:c", "plan:x", "plan:y")


POLICIES = {"phone": Policy.OVERWRITE, "email": Policy.FILL, "city": Policy.CLEAR, "shoe": Policy.NEVER}


@st.composite
def rows(draw: st.DrawFn) -> ContactRow:
    """A valid row as the columns of one sheet can make it: sets are exact, nothing is both added and removed."""
    names = draw(st.lists(st.sampled_from(["email", "city", "shoe"]), unique=True))
    said = {"phone": "1", **{name: draw(st.sampled_from(["", "a", "b"])) for name in names}}
    fields = tuple(Field(name, value, POLICIES[name]) for name, value in said.items())
    sets = tuple(
        TagSet(prefix, tuple(draw(st.lists(st.sampled_from(_of(prefix)), unique=True))))
        for prefix in draw(st.lists(st.sampled_from(PREFIXES), unique=True))
    )
    spoken_for = tuple(one.prefix for one in sets)
    free = [tag for tag in TAGS if not tag.startswith(spoken_for)]
    add = draw(st.lists(st.sampled_from(free), unique=True))
    add += [tag for one in sets for tag in one.tags]
    remove = [tag for tag in draw(st.lists(st.sampled_from(TAGS), unique=True)) if tag not in add]
    keys = tuple(field for name in KEYS for field in fields if field.name == name and field.value)
    return ContactRow(
        draw(st.integers(2, 9)), None, keys, fields, tuple(add), tuple(remove), (), sets, ("told",) * len(names)
    )


def _of(prefix: str) -> list[str]:
    return [tag for tag in TAGS if tag.startswith(prefix)]
