"""What a column of phones may mean."""

from __future__ import annotations

from hypothesis import strategies as st

from heyx_bulk.values.convert import convert
from heyx_bulk.values.value_types import PhoneFormat, ValueKind, ValueType

E164, DIGITS, AS_TYPED = PhoneFormat


def phone(text: str, form: PhoneFormat, region: str | None = None) -> str:
    return convert(ValueType(ValueKind.PHONE, region=region, phone_format=form), text)


written = st.text("0123456789 ()-.", min_size=1, max_size=18).filter(lambda text: text[:1].isdigit())
