"""What the form and its JSON twin do alike: from the fields to a durable message and its follow-up token."""

import secrets
from dataclasses import dataclass

from aiohttp import web

from channels.message import InboundMessage
from channels.web import SCHEME, FieldError, message_from_fields
from gateway.gateway import Gateway
from gateway.ledger import Received
from gateway.store import follow_up
from gateway.web.public.incoming import Incoming
from gateway.web.public.words import word
from routing.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that is safe. `token` opens its follow-up page; of a repeat it is the first one's."""

    received: Received
    token: str


def channel_name(catalog: Catalog) -> str:
    """The configured channel of provider `web`. HTTPNotFound when there is none."""
    for name, config in catalog.gateway.channels.items():
        if config.provider == "web":
            return name
    raise web.HTTPNotFound(text="This deployment has no web form.")


def new_token() -> str:
    """128 random bits and a little more, for a URL."""
    return secrets.token_urlsafe(20)


async def take(gateway: Gateway, incoming: Incoming, *, key: str, token: str) -> Taken:
    """Make the message durable. FieldError for a field to be corrected; the files are then taken away again."""
    try:
        if incoming.fault:
            raise incoming.fault
        message = _message(gateway, incoming, key=key, token=token)
        received = await gateway.intake.receive(message)
        if received.repeated:
            await _same_words(gateway, message, received)
    except BaseException:
        incoming.discard(gateway.files)
        raise
    if received.repeated:
        incoming.discard(gateway.files)
    return Taken(received, received.urn.partition(":")[2])


async def _same_words(gateway: Gateway, message: InboundMessage, received: Received) -> None:
    """A key that was used for other words was guessed or reused by mistake: its holder's link is not given out."""
    async with gateway.store.read() as conn:
        text = await follow_up.text_of(conn, received.message_id)
    if text != follow_up.stored(message.text):
        language = message.language or gateway.current().catalog.default_language
        raise FieldError("idempotency_key", word("key_used", language))


def _message(gateway: Gateway, incoming: Incoming, *, key: str, token: str) -> InboundMessage:
    catalog = gateway.current().catalog
    return message_from_fields(
        known_facts(incoming.fields, catalog),
        incoming.files,
        channel=channel_name(catalog),
        country=catalog.gateway.country,
        idempotency_key=key,
        token=token,
    )


def known_facts(fields: dict[str, str], catalog: Catalog) -> dict[str, str]:
    """The fields with agency, topic and territory only where the configuration knows them.

    A topic may come as `key` or as `agency.key`; without its agency it says nothing.
    """
    agency = catalog.agencies.get(fields.get("agency", "").strip())
    key = fields.get("topic", "").strip()
    owner, dot, rest = key.partition(".")
    topic = agency.topic(rest if dot and owner == agency.key else key) if agency else None
    territory = fields.get("territory", "").strip()
    known = {
        "agency": agency.key if agency else "",
        "topic": f"{agency.key}.{topic.key}" if agency and topic else "",
        "territory": territory if territory in catalog.territories else "",
    }
    return {**fields, **known}


def urn_of(token: str) -> str:
    """The address whose messages a token opens."""
    return f"{SCHEME}:{token}"
