"""Signed Twilio webhooks by the thousand, as bytes ready to send."""

import base64
import hashlib
import hmac
import random
from collections.abc import Iterator
from urllib.parse import urlencode

TOKEN = "benchmark-token"
ACCOUNT = "AC" + "b" * 32
PUBLIC_URL = "https://ventanilla.example.gov.co"
PATH = "/webhooks/sms"
TEXTS = (
    "Buenos días, ¿cuándo abren las inscripciones del SENA en Leticia?",
    "DIAN cómo saco el RUT de persona natural",
    "Necesito saber si mi pensión de Colpensiones ya fue aprobada, llevo cuatro meses esperando",
    "hola no llega el agua al barrio hace tres dias",
    "Quiero inscribir a mi hija en un jardín del ICBF",
    "El puente de la via a Quibdó está caído y no pasa nadie",
)


def requests(seed: int) -> Iterator[bytes]:
    """An endless stream; nearly every sender is new, which is the dearest case."""
    chance = random.Random(seed)
    number = seed * 10_000_000
    while True:
        number += 1
        yield one(number, f"+573{chance.randrange(10**9):09d}", chance.choice(TEXTS))


def one(number: int, sender: str, text: str) -> bytes:
    """One request, as Twilio sends it."""
    sid = f"SM{number:032x}"
    form = {
        "ToCountry": "CO", "ToState": "", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "", "FromZip": "",
        "SmsSid": sid, "FromState": "", "SmsStatus": "received", "FromCity": "", "Body": text, "FromCountry": "CO",
        "To": "+576017440000", "ToZip": "", "NumSegments": "1", "MessageSid": sid, "AccountSid": ACCOUNT,
        "From": sender, "ApiVersion": "2010-04-01",
    }  # fmt: skip
    signed = PUBLIC_URL + PATH + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    body = urlencode(form).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: ventanilla.example.gov.co\r\nContent-Type: application/x-www-form-urlencoded"
        f"\r\nX-Twilio-Signature: {signature}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*"
        f"\r\nI-Twilio-Idempotency-Token: {sid}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
