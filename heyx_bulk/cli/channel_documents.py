"""The keys of the documents that `--json` prints for commands about channels and settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

Setting = str | int | float | bool


class ChannelEntry(TypedDict):
    """A channel that is set up."""

    name: Annotated[str, "The name of the channel."]
    token: Annotated[str, "Where its token is. The token itself is never shown."]
    default: Annotated[bool, "Whether it is the channel of commands that name none."]
    settings: Annotated[dict[str, Setting], "Its settings in your settings file."]


class ChannelsDocument(TypedDict):
    """The channels that are set up."""

    channels: Annotated[list[ChannelEntry], "The channels by name."]
    file: Annotated[str, "Your settings file."]


class AddedChannelDocument(TypedDict):
    """A channel that was set up; `channel` is its name."""

    url: Annotated[str, "The address of HeyX for this channel."]


class TestedChannelsDocument(TypedDict):
    """Channels whose tokens HeyX accepts."""

    channels: Annotated[list[str], "The names of the channels."]


class FormerChannelDocument(TypedDict):
    """A channel that was renamed or removed; `channel` is its name now."""

    former: Annotated[str, "The name that it had."]


class SettingEntry(TypedDict):
    """A setting."""

    value: Annotated[Setting, "Its value. Of a token, only the last characters."]
    origin: Annotated[str, "Where it comes from: an option, an environment variable, a file, or `default`."]


class SettingsDocument(TypedDict):
    """Every setting, and where it comes from."""

    settings: Annotated[dict[str, SettingEntry], "The settings by name."]


CHANNEL_DOCUMENTS: Mapping[str, tuple[type, ...]] = {
    "channels add": (AddedChannelDocument,),
    "channels list": (ChannelsDocument,),
    "channels test": (TestedChannelsDocument,),
    "channels rename": (FormerChannelDocument,),
    "channels remove": (FormerChannelDocument,),
    "settings": (SettingsDocument,),
}
