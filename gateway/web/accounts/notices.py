"""Where notices reach a member of staff: an address on a channel that can write to somebody who has not written."""

import re
from dataclasses import dataclass
from typing import Final

from channels import phone
from gateway.errors import Invalid
from routing.catalog import Catalog

_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_CHAT: Final = re.compile(r"[1-9][0-9]{4,15}")
# Providers that can begin a conversation, and the scheme of their addresses.
_SCHEMES: Final = {"twilio": "tel", "telegram": "telegram"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address and the channel that writes to it."""

    urn: str
    channel: str


def channels(catalog: Catalog) -> list[str]:
    """The configured channels that can carry notices."""
    return [name for name, config in catalog.gateway.channels.items() if config.provider in _SCHEMES]


def place(catalog: Catalog, *, address: str, channel: str) -> Place:
    """What somebody typed as a place. Invalid, with the field, when it is none."""
    if channel not in channels(catalog):
        raise Invalid("channel", "choose the channel that notices come by")
    scheme = _SCHEMES[catalog.gateway.channels[channel].provider]
    if scheme == "tel":
        value = phone.normalise(address, catalog.gateway.country)
        if not _PHONE.fullmatch(value):
            raise Invalid("address", "that is no telephone number we can write to")
    else:
        value = address.strip()
        if not _CHAT.fullmatch(value):
            raise Invalid("address", "a chat's address is its number, of 5 to 16 digits")
    return Place(urn=f"{scheme}:{value}", channel=channel)
