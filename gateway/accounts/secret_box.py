"""What must be read again but never by whoever copies the database: encrypted with a key that is not in it."""

import base64
import hashlib
import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from gateway.settings import Settings

_FILE: Final = "secret.key"


class SecretBox:
    """Seals and opens short texts. Sealed texts are authenticated: a changed one does not open."""

    def __init__(self, key: str) -> None:
        # The setting is a text of any form; Fernet wants 32 bytes.
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))

    def seal(self, text: str) -> str:
        """The text, encrypted."""
        return self._fernet.encrypt(text.encode()).decode()

    def unseal(self, sealed: str, *, within: timedelta | None = None) -> str | None:
        """The text, or None when it was sealed with another key, changed, or sealed longer ago than `within`."""
        try:
            return self._fernet.decrypt(sealed.encode(), ttl=int(within.total_seconds()) if within else None).decode()
        except (InvalidToken, UnicodeEncodeError):
            return None


def open_box(settings: Settings) -> SecretBox:
    """The box of VENTANILLA_SECRET_KEY; without one, of a key that is made once and kept beside the files."""
    return SecretBox(settings.accounts.secret_key or _kept(settings.files_dir.parent / _FILE))


def _kept(path: Path) -> str:
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        # Whole under another name first: a process that starts at the same time never reads half a key.
        fresh = path.with_name(f"{_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(32), encoding="ascii")
        try:
            os.link(fresh, path)
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()
