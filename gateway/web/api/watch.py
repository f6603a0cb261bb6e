"""Channels over the API, and the requests that became no message."""

from channels.channel import Unreadable
from gateway.audit import Action
from gateway.errors import Conflict, NotFound
from gateway.store import exchanges, outbox
from gateway.web.api import answers
from gateway.web.api.asked import Ask


async def channels(ask: Ask) -> answers.Channels:
    """Every channel, and what waits to be sent by it."""
    async with ask.gateway.store.read() as conn:
        queued = {name: (depth, oldest) for name, depth, oldest in await outbox.queued(conn, ask.gateway.clock())}
    configured = ask.gateway.current().catalog.gateway.channels
    return answers.Channels(
        items=[
            answers.Channel(
                name=name,
                provider=config.provider,
                simulated=config.provider in ask.gateway.settings.simulated,
                queue_depth=queued.get(name, (0, None))[0],
                oldest_seconds=queued.get(name, (0, None))[1],
            )
            for name, config in configured.items()
        ]
    )


async def unparsed(ask: Ask) -> answers.UnparsedList:
    """The requests that wait for a person."""
    async with ask.gateway.store.read() as conn:
        rows = await exchanges.listed(conn)
    return answers.UnparsedList(
        items=[
            answers.Unparsed(
                id=str(row.id), at=row.at, channel=row.channel, kind=row.kind, reason=row.reason, method=row.method
            )
            for row in rows
        ]
    )


async def replay(ask: Ask) -> answers.Replayed:
    """Take a kept request in as if it had just come, trusted by whoever asks. What it repeats is not doubled."""
    exchange_id = ask.id("id")
    gateway = ask.gateway
    async with gateway.store.read() as conn:
        row = await exchanges.get(conn, exchange_id)
    if row is None:
        raise NotFound("there is no such request")
    if row.state != "open":
        raise Conflict(f"the request was {row.state} already")
    channel = gateway.channels.get(row.channel)
    if channel is None:
        raise Conflict("its channel is no longer configured")
    raw = exchanges.as_request(row)
    try:
        channel.parse(raw)
    except Unreadable as error:
        # Looked at first, because taking it in would keep it a second time.
        raise Conflict(f"it still cannot be read: {error}") from None
    await gateway.inbox.take(channel, raw)
    await gateway.store.transact(lambda conn: exchanges.settle(conn, exchange_id, state="replayed"))
    ask.seen(Action.EXCHANGE_REPLAYED, f"exchange:{exchange_id}")
    return answers.Replayed(id=str(exchange_id), state="replayed")
