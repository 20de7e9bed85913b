"""What a cell means as a field's value, and when two values are equal to HeyX. Pure."""

from heyx_bulk.values.conversion import converted, keeps
from heyx_bulk.values.dates import order_shown
from heyx_bulk.values.likeness import kind_of
from heyx_bulk.values.meaning import DateOrder, Kind, Meant, PhoneFormat, Unfit
from heyx_bulk.values.phone import is_region
from heyx_bulk.values.sameness import (
    PhoneLookup,
    PhoneSpelling,
    key_of,
    key_text,
    same,
    spelling_of,
    spellings,
    text_of,
)
from heyx_bulk.values.signs import BLANKS, digits, is_damaged_number, plain, trim

__all__ = [
    "BLANKS",
    "DateOrder",
    "Kind",
    "Meant",
    "PhoneFormat",
    "PhoneLookup",
    "PhoneSpelling",
    "Unfit",
    "converted",
    "digits",
    "is_damaged_number",
    "is_region",
    "keeps",
    "key_of",
    "key_text",
    "kind_of",
    "order_shown",
    "plain",
    "same",
    "spelling_of",
    "spellings",
    "text_of",
    "trim",
]
