"""Who saw and who did what: the words of the audit log, and the queue that writes it without slowing a page.

What is seen is queued and written a moment later, many entries in one commit; a clean stop writes what is left. What
is changed is better written in the same transaction: `gateway.store.audit.write`.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.clock import new_id
from gateway.principal import Principal
from gateway.store import audit as rows
from gateway.store.audit import Entry
from gateway.store.engine import Store

log = structlog.get_logger()

# Entries a commit, and seconds before a failed one is tried again.
_BATCH: Final = 500
_AGAIN: Final = 2.0
# Tries at a stop: a database that is gone must not keep the process for ever.
_LAST_TRIES: Final = 3


class Action(StrEnum):
    """What can be seen or done. Each has its words below `audit.action` in the locale files."""

    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    SESSION_ENDED = "session_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 — an action, not a password
    NOTICES_CHANGED = "notices_changed"
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    STAFF_INVITED = "staff_invited"
    STAFF_ADDED = "staff_added"
    STAFF_JOINED = "staff_joined"
    STAFF_DISABLED = "staff_disabled"
    STAFF_ENABLED = "staff_enabled"
    STAFF_ROLE_CHANGED = "staff_role_changed"
    STAFF_EMAIL_CHANGED = "staff_email_changed"
    STAFF_ABSENCE_CHANGED = "staff_absence_changed"
    STAFF_DUTY_CHANGED = "staff_duty_changed"
    TOKEN_CREATED = "token_created"  # noqa: S105 — the same
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 — the same
    SETTINGS_CHANGED = "settings_changed"
    TEXTS_CHANGED = "texts_changed"
    CASE_OPENED = "case_opened"
    CASES_CHANGED = "cases_changed"
    CONTACT_OPENED = "contact_opened"
    ADDRESS_REVEALED = "address_revealed"
    ATTACHMENT_DOWNLOADED = "attachment_downloaded"
    SEARCHED = "searched"
    EXPORTED = "exported"
    REPORT_VIEWED = "report_viewed"
    EXCHANGE_OPENED = "exchange_opened"
    EXCHANGE_REPLAYED = "exchange_replayed"
    EXCHANGE_DISMISSED = "exchange_dismissed"
    CHANNEL_CHANGED = "channel_changed"
    AUDIT_READ = "audit_read"


def entry(
    action: Action,
    *,
    at: datetime,
    by: Principal | None,
    who: str,
    remote: str,
    object: str = "",
    agency: str | None = None,
    detail: str = "",
) -> Entry:
    """An entry to be written. `who` is the login or the token's name; `agency` whose affair it is, else the actor's.

    `object` names a case by its number, staff as `staff:<login>`; `object` and `detail` never hold a citizen's words
    or telephone number.
    """
    return Entry(
        id=new_id(),
        at=at,
        actor=by.actor if by else "",
        who=who,
        role=by.role if by else None,
        agency=agency or (by.agency if by else None) or None,
        action=action,
        object=object,
        detail=detail,
        remote=remote,
    )


def by_command(action: Action, *, at: datetime, object: str, agency: str | None = None, detail: str = "") -> Entry:
    """An entry for what was done on the command line of the gateway's own machine."""
    return Entry(
        id=new_id(), at=at, actor="command", who="command", role=None, agency=agency, action=action, object=object,
        detail=detail, remote="",
    )  # fmt: skip


class Audit:
    """The queue. `start` before the first request, `close` after the last."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self.clock = clock
        self._waiting: list[Entry] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._writer: asyncio.Task[None] | None = None

    def note(self, noted: Entry) -> None:
        """Queue an entry; it is written within moments."""
        self._waiting.append(noted)
        self._idle.clear()
        self._wake.set()

    async def written(self) -> None:
        """Return when everything noted so far has been committed."""
        await self._idle.wait()

    async def start(self) -> None:
        """Begin to write."""
        self._writer = asyncio.create_task(self._run(), name="audit")

    async def close(self) -> None:
        """Write what is left, and end."""
        self._closing = True
        self._wake.set()
        if self._writer is not None:
            await self._writer

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._wake.wait()
            if not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                continue
            failures = 0 if await self._write() else failures + 1
            if failures and self._closing and failures >= _LAST_TRIES:
                log.error("audit entries are lost: the database does not take them", entries=len(self._waiting))
                return
            if failures:
                await asyncio.sleep(_AGAIN)

    async def _write(self) -> bool:
        batch = self._waiting[:_BATCH]
        try:
            await self._store.transact(lambda conn: rows.write(conn, batch))
        except (SQLAlchemyError, OSError) as error:
            log.error("audit entries wait: the database does not take them", error=type(error).__name__)
            return False
        del self._waiting[: len(batch)]
        if not self._waiting:
            self._idle.set()
        return True
