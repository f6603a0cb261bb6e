"""The audit log over the API."""

from gateway.audit import Action
from gateway.store import audit as rows
from gateway.store.audit import Wanted
from gateway.web.api import answers, bodies
from gateway.web.api.asked import Ask

_COLUMNS = ("at", "actor", "who", "role", "agency", "action", "object", "detail", "remote")


async def listed(ask: Ask) -> answers.Audit:
    """A page of what concerns the principal, the latest first."""
    asked: bodies.AuditQuery = ask.query
    wanted = Wanted(who=asked.who, action=asked.action, object=asked.object, since=asked.since, until=asked.until)
    async with ask.gateway.store.read() as conn:
        found, following = await rows.listed(
            conn, ask.principal, wanted, before=int(asked.cursor) if asked.cursor else None, limit=asked.limit
        )
    ask.seen(Action.AUDIT_READ)
    return answers.Audit(
        items=[answers.AuditEntry(id=str(row.id), **{name: getattr(row, name) for name in _COLUMNS}) for row in found],
        next=None if following is None else str(following),
    )
