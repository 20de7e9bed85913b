"""What is known of a channel across runs on this machine: its only store, one SQLite file a channel."""

from heyx_bulk.memory.channel import ChannelMemory, Forgetful, Memory, known_fields, peculiarities
from heyx_bulk.memory.contacts import Contacts, KnownContact, KnownExport
from heyx_bulk.memory.creates import Claim, Claimed, Creates
from heyx_bulk.memory.fields import Fields, KnownField, custom_fields
from heyx_bulk.memory.habits import Habits, How, Peculiarity

__all__ = [
    "ChannelMemory",
    "Claim",
    "Claimed",
    "Contacts",
    "Creates",
    "Fields",
    "Forgetful",
    "Habits",
    "How",
    "KnownContact",
    "KnownExport",
    "KnownField",
    "Memory",
    "Peculiarity",
    "custom_fields",
    "known_fields",
    "peculiarities",
]
