"""Citizens' files: sniffed, limited, kept outside any web root under names nobody could guess.

A file that came with the request is on disk before the message is committed. One that must be fetched from the
provider is fetched after, as often as it takes: the message never waits for it.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import puremagic
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.channel import Channel, FileUnavailable
from channels.message import Attachment, AttachmentKind
from gateway.deployment import Current
from gateway.ledger import NOTICE, Ledger
from gateway.store import attachments as rows
from gateway.store.engine import Store
from routing.catalog import FileLimits

log = structlog.get_logger()

# Seconds before each repetition of a fetch; after the last the file is given up as unavailable.
_WAITS: Final = (10, 60, 300, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
_LOOK: Final = 2.0


class FileRefused(Exception):
    """The file may not be kept; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file on disk. `size` in bytes, `content_type` as sniffed."""

    name: str
    content_type: str
    size: int


class Files:
    """The folder of attachments."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def keep(self, content: bytes, *, claimed: str | None, limits: FileLimits) -> Kept:
        """Write a file durably. FileRefused when it is empty, too large or of a type that is not taken."""
        if not content:
            raise FileRefused("the file is empty")
        if len(content) > limits.max_bytes:
            raise FileRefused(f"the file is larger than {limits.max_bytes // 1024 // 1024} MB")
        content_type = sniff(content, claimed=claimed)
        if limits.types and not content_type.startswith(limits.types):
            raise FileRefused(f"files of type {content_type} are not taken")
        name = secrets.token_hex(16)
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return Kept(name, content_type, len(content))

    def path(self, name: str) -> Path:
        """Where the file of that name lies. ValueError when it is no name of ours."""
        if len(name) != 32 or not set(name) <= set("0123456789abcdef"):
            raise ValueError("not the name of a kept file")
        return self._folder / name[:2] / name

    def take_in(self, attachment: Attachment, limits: FileLimits) -> Attachment:
        """An attachment whose bytes came with the request, kept; its `reference` says where. FileRefused."""
        kept = self.keep(attachment.content or b"", claimed=attachment.content_type, limits=limits)
        return Attachment(
            kind=kind_of(kept.content_type),
            reference=f"stored:{kept.name}",
            content_type=kept.content_type,
            filename=attachment.filename,
            size=kept.size,
        )


def sniff(content: bytes, *, claimed: str | None) -> str:
    """The MIME type the bytes say they are; what the sender claimed only where bytes cannot tell plain text apart."""
    try:
        found = puremagic.from_string(content[:8192], mime=True)
    except (puremagic.PureError, ValueError):
        found = ""
    if found:
        return str(found)
    plain = b"\x00" not in content[:8192]
    return "text/plain" if plain and (claimed or "text/").startswith("text/") else "application/octet-stream"


def kind_of(content_type: str) -> AttachmentKind:
    """What a person would call a file of that type."""
    family = content_type.partition("/")[0]
    if family in ("image", "audio", "video"):
        return AttachmentKind(family)
    return AttachmentKind.DOCUMENT


class Fetcher:
    """Fetches what providers hold for us."""

    def __init__(
        self,
        store: Store,
        files: Files,
        channels: Mapping[str, Channel],
        current: Current,
        *,
        clock: Callable[[], datetime],
        wake_outbox: Callable[[Iterable[str]], None],
    ) -> None:
        self._store = store
        self._files = files
        self._wake_outbox = wake_outbox
        self._channels = channels
        self._current = current
        self._clock = clock
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There may be something to fetch."""
        self._bell.set()

    async def start(self) -> None:
        """Begin fetching."""
        self._task = asyncio.create_task(self._serve(), name="fetcher")

    async def stop(self) -> None:
        """Stop; what was being fetched is fetched again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _serve(self) -> None:
        while True:
            self._bell.clear()
            try:
                busy = await self._round()
            except Exception:  # the outermost loop: one bad round must not end the fetching
                log.exception("fetch round failed")
                busy = False
            if not busy:
                # Not wait_for: in Python 3.11 it can swallow the cancellation that stops us.
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK):
                        await self._bell.wait()

    async def _round(self) -> bool:
        now = self._clock()
        async with self._store.read() as conn:
            idle = not await rows.any_due(conn, now=now)
        if idle:
            return False
        # Set the next try first: whoever dies while fetching leaves the file for later, not for ever.
        due = await self._store.transact(lambda conn: rows.take_due(conn, now=now, again=now + timedelta(minutes=5)))
        await asyncio.gather(*(self._fetch(row) for row in due))
        return bool(due)

    async def _fetch(self, row: Any) -> None:
        channel = self._channels.get(row.channel)
        try:
            if channel is None:
                raise FileUnavailable("the channel is no longer configured", permanent=True)
            content = await channel.fetch(
                Attachment(kind=AttachmentKind(row.kind), reference=row.reference, content_type=row.content_type)
            )
            limits = self._current().catalog.gateway.files
            kept = await asyncio.to_thread(self._files.keep, content, claimed=row.content_type, limits=limits)
        except FileUnavailable as error:
            await self._unavailable(row, str(error), permanent=error.permanent)
        except FileRefused as error:
            await self._refuse(row, str(error))
        except Exception as error:  # an adapter's defect: it is tried again like an outage, and given up like one
            log.exception("fetch failed", channel=row.channel)
            await self._unavailable(row, type(error).__name__, permanent=False)
        else:
            await self._end(row.id, state="stored", stored_as=kept.name, content_type=kept.content_type, size=kept.size)

    async def _unavailable(self, row: Any, reason: str, *, permanent: bool) -> None:
        if permanent or row.tries > len(_WAITS):
            await self._end(row.id, state="unavailable", detail=reason)
            return
        wait = timedelta(seconds=_WAITS[min(row.tries, len(_WAITS)) - 1])
        await self._end(row.id, state="pending", detail=reason, next_try_at=self._clock() + wait)

    async def _refuse(self, row: Any, reason: str) -> None:
        """A file that may not be kept: its sender is told, once a message."""

        async def work(conn: AsyncConnection) -> None:
            await rows.change(conn, row.id, state="refused", detail=reason)
            sender = await rows.sender_to_tell(conn, row)
            if sender is not None:
                ledger = Ledger(self._clock())
                text = self._current().catalog.say("file_refused", sender.language)
                ledger.outbound(
                    priority=NOTICE, kind="notice", case_id=sender.case_id, contact_id=sender.contact_id,
                    urn=sender.urn, channel=row.channel, text=text,
                )  # fmt: skip
                await ledger.write(conn)

        await self._store.transact(work)
        self._wake_outbox([row.channel])

    async def _end(self, attachment_id: int, **values: Any) -> None:
        await self._store.transact(lambda conn: rows.change(conn, attachment_id, **values))
