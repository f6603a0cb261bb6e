"""What an operator finds: requests nobody could read, forged ones, and an alarm."""

import random
from datetime import timedelta
from typing import Final

from channels.channel import RawRequest
from gateway.demo.cast import Cast
from gateway.demo.past import Life, Past
from gateway.store import alarms, exchanges

_UNREADABLE: Final = (
    ("twilio", "no MessageSid", b"AccountSid=AC0&From=%2B573005550100&Body=&NumMedia=one"),
    ("telegram", "no update_id", b'{"message": {"chat": {"id": 7100000001}}}'),
    ("twilio", "From is no address", b"MessageSid=SM0&From=&To=%2B576017440000&Body=Hola"),
    ("africastalking", "no sessionId", b"phoneNumber=%2B573005550101&serviceCode=*484%23&text="),
    ("telegram", "the body is no JSON", b'{"update_id": 81, "message": {"text": "Buenas'),
)  # fmt: skip
_FORGED: Final = (
    ("twilio", "the signature does not match", b"MessageSid=SM1&From=%2B10000000000&Body=test"),
    ("telegram", "the secret token does not match", b'{"update_id": 1}'),
)  # fmt: skip


async def happen(past: Past, cast: Cast, rng: random.Random) -> Life:
    """In the last days: what came and was no message, and what rang."""
    channels = {channel.provider: name for name, channel in past.deployment.catalog.gateway.channels.items()}
    kinds = [("unparsed", each) for each in _UNREADABLE] + [("rejected", each) for each in _FORGED]
    for kind, (provider, reason, body) in kinds:
        if provider not in channels:
            continue
        yield past.now + timedelta(hours=rng.uniform(2, 7))
        name = channels[provider]
        form = "application/json" if body.startswith(b"{") else "application/x-www-form-urlencoded"
        raw = RawRequest(
            method="POST", url=f"https://ventanilla.example/webhooks/{name}", tail="", query="",
            headers={"content-type": form}, body=body,
        )  # fmt: skip
        await exchanges.keep(past.conn, raw, channel=name, kind=kind, reason=reason, now=past.now)
    if "telegram" in channels:
        name = channels["telegram"]
        detail = f"{name}: the provider refuses our credentials or settings (401)"
        await alarms.ring(past.conn, kind="misconfigured", subject=name, detail=detail, now=past.now)
