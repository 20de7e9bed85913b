"""Email addresses and web addresses: checked lightly, never changed."""

from __future__ import annotations

import re

from heyx_bulk.values.value_types import ConversionError

is_email = re.compile(r"[^\s@,;<>]+@[^\s@,;<>.]+(?:\.[^\s@,;<>.]+)+").fullmatch
"""Matches what looks like one email address: one @, a name, a domain with a dot, no blank or comma."""

is_url = re.compile(
    r"https?://(?:[^\s/?#@]*@)?(?:[^\s/?#@:\[\]]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?:[/?#]\S*)?", re.IGNORECASE
).fullmatch
"""Matches a web address: http or https, a host, no blank."""

_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[/?#:]\S*)?")


def convert_email(text: str) -> str:
    """`text` as it is, if it looks like one email address."""
    if is_email(text):
        return text
    if text.count("@") > 1:
        raise ConversionError(
            "several emails in one cell", "it has more than one @: keep the address the contact is reached by"
        )
    if "@" not in text:
        raise ConversionError("an email that is none", "it has no @: write an address such as name@example.com")
    raise ConversionError(
        "an email that is none", "write an address such as name@example.com, without blanks and commas"
    )


def convert_url(text: str) -> str:
    """`text` as it is, if it is a web address with http or https."""
    if is_url(text):
        return text
    if _DOMAIN.fullmatch(text):
        raise ConversionError(
            "a web address without https://", f"it has no https:// in front: write https://{text}"
        )
    raise ConversionError(
        "a web address that is none", "write an address such as https://example.com/page, without blanks"
    )
