"""Files that people sent from their phones, until the gateway fetches them."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

_KEPT: Final = 40
# Twilio takes 5 MB by MMS; a demonstration needs no more by Telegram. Bytes.
LARGEST: Final = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class File:
    """A file as the phone sent it."""

    content_type: str
    content: bytes
    name: str | None = None

    @property
    def is_image(self) -> bool:
        """What Telegram sends as a photo. An SVG is a document to it."""
        return self.content_type in ("image/png", "image/jpeg", "image/gif", "image/webp")


class SentFiles(OrderedDict[str, File]):
    """The latest files by their ids."""

    def keep(self, file: File) -> str:
        """Keep a file; its id comes back."""
        key = "ME" + secrets.token_hex(16)
        self[key] = file
        while len(self) > _KEPT:
            self.popitem(last=False)
        return key
