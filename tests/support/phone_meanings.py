"""What a column of phones may mean."""

from __future__ import annotations

from hypothesis import strategies as st

from heyx_bulk.values.convert import convert
from heyx_bulk.values.value_types import PhoneFormat, ValueKind, ValueType

E164, DIGITS, AS_TYPED = PhoneFormat


def phone(text: str, form: PhoneFormat, region: str | None = None) -> str:
    return convert(ValueType(ValueKind.PHONE, region=region, phone_format=form), text)


written = st.builds(str.__add__, st.sampled_from("0123456789"), st.text("0123456789 ()-.", max_size=17))
