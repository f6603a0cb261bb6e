"""What a Twilio channel is configured with, how it sends, and where its media may be fetched.

https://www.twilio.com/docs/messaging/api/message-resource and https://www.twilio.com/docs/messaging/api/media-resource
"""

from collections.abc import Mapping
from typing import Final

import aiohttp
from pydantic import BaseModel, ConfigDict, Field
from twilio.rest import Client  # type: ignore[import-untyped]

from channels.channel import Outcome, SendOutcome
from channels.download import Source
from channels.message import OutboundMessage
from channels.twilio_api import API_URL, create_message
from channels.twilio_fields import WHATSAPP

# Where media live without and with "Enforce HTTP Auth on Media URLs".
STORAGE_HOSTS: Final = ("mms.twiliocdn.com", "media.twiliocdn.com", "s3-external-1.amazonaws.com")
STATUS_TAIL: Final = "/status"
# Twilio's 16 MB for WhatsApp is the largest it accepts; MMS ends at 5 MB.
MAX_MEDIA_BYTES: Final = 16 * 1024 * 1024


class TwilioOptions(BaseModel):
    """The channel's part of the configuration. The first number without `whatsapp:` is the default sender."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    numbers: tuple[str, ...] = ()
    messaging_service_sid: str | None = None
    media_hosts: tuple[str, ...] = ("api.twilio.com", *STORAGE_HOSTS)
    max_media_bytes: int = Field(default=MAX_MEDIA_BYTES, gt=0)


def sender_fields(message: OutboundMessage, options: TwilioOptions) -> dict[str, str] | None:
    """From, or the messaging service; None when the configuration names neither for this kind of address."""
    whatsapp = message.to.scheme == "whatsapp"
    candidates = (message.sender or "", *options.numbers)
    number = next((each for each in candidates if each and each.startswith(WHATSAPP) is whatsapp), None)
    if number:
        return {"from_": number}
    if options.messaging_service_sid:
        return {"messaging_service_sid": options.messaging_service_sid}
    return None


async def send(
    message: OutboundMessage, client: Client | None, options: TwilioOptions, webhook_url: str
) -> SendOutcome:
    """One attempt. The callback URL carries our own id, so a receipt finds the message whatever the answer was."""
    if client is None:
        return SendOutcome(outcome=Outcome.MISCONFIGURED, detail="the account SID or the auth token is missing")
    sender = sender_fields(message, options)
    if sender is None:
        return SendOutcome(outcome=Outcome.MISCONFIGURED, detail="no number or messaging service to send from")
    to = f"{WHATSAPP}{message.to.value}" if message.to.scheme == "whatsapp" else message.to.value
    callback = f"{webhook_url}{STATUS_TAIL}?m={message.id}"
    return await create_message(client, {"to": to, "body": message.text, "status_callback": callback, **sender})


def media_source(options: TwilioOptions, secrets: Mapping[str, str]) -> Source:
    """The API's host with the account's credentials, and the storage hosts it redirects to without them."""
    account_sid, auth_token = secrets.get("account_sid", ""), secrets.get("auth_token", "")
    known = account_sid and auth_token
    return Source(
        api_url=secrets.get("api_url") or API_URL,
        hosts=options.media_hosts,
        limit=options.max_media_bytes,
        headers={"Authorization": aiohttp.encode_basic_auth(account_sid, auth_token)} if known else {},
    )
