"""What an operator finds: requests nobody could read, forged ones, and an alarm."""

import random
from datetime import timedelta
from typing import Final

from channels.channel import RawRequest
from gateway.demo.cast import Cast
from gateway.demo.past import Life, Past
from gateway.store import alarms, exchanges

# Provider, why its adapter refuses it, and the body.
UNREADABLE: Final = (
    ("twilio", "there is no MessageSid", b"AccountSid=AC0&From=%2B573005550100&Body=&NumMedia=one"),
    ("telegram", "its shape is not the documented one: message", b'{"update_id": 80, "message": {"text": "Buenas"}}'),
    ("twilio", "there is no sender", b"MessageSid=SM0&From=&To=%2B576017440000&Body=Hola"),
    ("africastalking", "sessionId or phoneNumber is missing", b"phoneNumber=%2B573005550101&serviceCode=*484%23"),
    ("telegram", "the body is not JSON", b'{"update_id": 81, "message": {"text": "Buenas'),
)
FORGED: Final = (
    ("twilio", "the request carries no X-Twilio-Signature", b"MessageSid=SM1&From=%2B10000000000&Body=test"),
    ("telegram", "the secret token is missing or wrong", b'{"update_id": 1}'),
)


async def happen(past: Past, cast: Cast, rng: random.Random) -> Life:
    """In the last days: what came and was no message, and what rang."""
    channels = {channel.provider: name for name, channel in past.deployment.catalog.gateway.channels.items()}
    kinds = [("unparsed", each) for each in UNREADABLE] + [("rejected", each) for each in FORGED]
    for kind, (provider, reason, body) in kinds:
        if provider not in channels:
            continue
        yield past.now + timedelta(hours=rng.uniform(2, 7))
        name = channels[provider]
        raw = request(f"https://ventanilla.example/webhooks/{name}", body)
        await exchanges.keep(past.conn, raw, channel=name, kind=kind, reason=reason, now=past.now)
    if "telegram" in channels:
        name = channels["telegram"]
        detail = f"{name}: the provider refuses our credentials or settings (401)"
        await alarms.ring(past.conn, kind="misconfigured", subject=name, detail=detail, now=past.now)


def request(url: str, body: bytes) -> RawRequest:
    """A provider's request with nothing that proves whose it is."""
    form = "application/json" if body.startswith(b"{") else "application/x-www-form-urlencoded"
    return RawRequest(method="POST", url=url, tail="", query="", headers={"content-type": form}, body=body)
