"""The simulated providers' secrets, handed by the serving process to a command on the same machine.

They are made anew at each start and exist in no environment; a file that only its owner reads carries them.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from gateway.settings import Settings


def write(settings: Settings) -> None:
    """Leave the secrets of what is simulated; remove those of an earlier start when nothing is."""
    path = _path(settings)
    if not settings.simulated:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    held = {provider: dict(settings.secrets[provider]) for provider in sorted(settings.simulated)}
    # A new file, put in place whole: its mode is right from the first byte, and nobody reads half of it.
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(held, file)
    fresh.replace(path)


def read(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """Provider to its secrets, as the latest start left them; empty when none did."""
    path = _path(settings)
    if not path.exists():
        return {}
    found: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _path(settings: Settings) -> Path:
    return settings.files_dir.parent / "simulator.json"
