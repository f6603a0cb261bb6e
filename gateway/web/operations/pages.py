"""`/operations`: how the channels are, what rings, what did not arrive, and what could not be read."""

from typing import Any

from aiohttp import web

from channels.channel import Channel, Unreadable
from gateway.audit import Action
from gateway.errors import Conflict, NotFound
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Right
from gateway.store import alarms, exchanges, outbox, traffic
from gateway.web import audit, auth, locale, shown
from gateway.web.operations import redacted
from gateway.web.pages import render, see


async def overview(request: web.Request) -> web.StreamResponse:
    """Everything on one page."""
    principal = await auth.principal(request)
    principal.need(Right.WATCH_CHANNELS)
    gateway = request.app[GATEWAY]
    now, catalog = gateway.clock(), gateway.current().catalog
    secrets = redacted.secrets_of(gateway.settings)
    async with gateway.store.read() as conn:
        channels = await traffic.by_channel(conn, gateway.channels, now=now)
        ringing = await alarms.ringing(conn)
        trouble = await outbox.trouble(conn, agencies=None if principal.agency is None else [principal.agency])
        kept = await exchanges.listed(conn)
    return render(
        request,
        "operations/overview.html",
        channels=[(name, catalog.gateway.channels[name].provider, channels[name]) for name in gateway.channels],
        simulated=gateway.settings.simulated,
        ringing=ringing,
        trouble=trouble,
        exchanges=kept,
        reason=lambda row: _reason(row, secrets, auth.language_of(request)),
        agency_names={agency.key: agency.short for agency in catalog.agencies.values()},
        done=request.query.get("done"),
    )


async def exchange(request: web.Request) -> web.StreamResponse:
    """One request as it came, its secrets covered. It may hold a citizen's words: who looked is noted."""
    principal = await auth.principal(request)
    principal.need(Right.WATCH_CHANNELS)
    row = await _row(request)
    audit.seen(request, Action.EXCHANGE_OPENED, f"exchange:{row.id}")
    return render(request, "operations/exchange.html", **_shown(request, row), trouble=None)


def _shown(request: web.Request, row: Any) -> dict[str, Any]:
    secrets = redacted.secrets_of(request.app[GATEWAY].settings)
    return {
        "row": row,
        "raw": redacted.as_text(row, secrets),
        "reason": _reason(row, secrets, auth.language_of(request)),
        "channel_known": row.channel in request.app[GATEWAY].channels,
    }


def _reason(row: Any, secrets: list[str], language: str) -> str:
    """Why it was no message: an adapter's sentence in the reader's language, and the detail that may follow it."""
    sentence, colon, detail = shown.tame_name(redacted.cover(row.reason, secrets)).partition(": ")
    whole = locale.maybe(language, f"operations.refused.{row.reason}")
    return whole or (locale.maybe(language, f"operations.refused.{sentence}") or sentence) + colon + detail


async def replay(request: web.Request) -> web.StreamResponse:
    """Take the request in as if it came now, on a person's word that it is authentic."""
    principal = await auth.principal(request)
    principal.need(Right.REPLAY)
    gateway, row = request.app[GATEWAY], await _open(request)
    channel = gateway.channels.get(row.channel)
    if channel is None:
        raise NotFound("there is no such request: its channel is no longer configured")
    if not _readable(channel, row):
        return render(
            request, "operations/exchange.html", status=409, **_shown(request, row), trouble="operations.unreadable"
        )
    await gateway.inbox.take(channel, exchanges.as_request(row))
    await _settle(gateway, row.id, state="replayed")
    audit.seen(request, Action.EXCHANGE_REPLAYED, f"exchange:{row.id}")
    raise see("/operations?done=replayed")


async def dismiss(request: web.Request) -> web.StreamResponse:
    """It needs nothing more."""
    principal = await auth.principal(request)
    principal.need(Right.REPLAY)
    row = await _open(request)
    await _settle(request.app[GATEWAY], row.id, state="dismissed")
    audit.seen(request, Action.EXCHANGE_DISMISSED, f"exchange:{row.id}")
    raise see("/operations?done=dismissed")


def _readable(channel: Channel, row: Any) -> bool:
    """Whether the adapter understands it by now; if not, a replay would only keep it a second time."""
    try:
        channel.parse(exchanges.as_request(row))
    except Unreadable:
        return False
    return True


async def _row(request: web.Request) -> Any:
    found = shown.row_id(request.match_info["id"])
    async with request.app[GATEWAY].store.read() as conn:
        row = await exchanges.get(conn, found) if found else None
    if row is None:
        raise NotFound("there is no such request")
    return row


async def _open(request: web.Request) -> Any:
    row = await _row(request)
    if row.state != "open":
        raise Conflict("it was replayed or dismissed already")
    return row


async def _settle(gateway: Gateway, exchange_id: int, *, state: str) -> None:
    await gateway.store.transact(lambda conn: exchanges.settle(conn, exchange_id, state=state))
