"""Requests as Twilio signs them, and a server that stands for its API and its media storage."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.channel import ChannelSettings, RawRequest

PAYLOADS = Path(__file__).parent.parent / "payloads" / "twilio"
PUBLIC = "https://ventanilla.example.gov.co"
WEBHOOK = f"{PUBLIC}/webhooks/sms"
ACCOUNT = "AC" + "0a1b2c3d" * 4
TOKEN = "12345-token-of-the-tests"
SECRETS = {"account_sid": ACCOUNT, "auth_token": TOKEN}
OPTIONS = {"numbers": ["whatsapp:+576015550100", "+576015550100", "87123"]}
FORM = "application/x-www-form-urlencoded"


def settings(secrets: Mapping[str, str] = SECRETS, options: Mapping[str, Any] = OPTIONS) -> ChannelSettings:
    return ChannelSettings(name="sms", country="CO", webhook_url=WEBHOOK, options=options, secrets=secrets)


def sign(url: str, pairs: list[tuple[str, str]], token: str = TOKEN) -> str:
    """Twilio's rule, written once more from its description: the URL, then every distinct pair in order."""
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def post(form: Mapping[str, str] | list[tuple[str, str]], path: str = "/webhooks/sms") -> RawRequest:
    """A signed form POST to `path`, which may hold a query."""
    pairs = form if isinstance(form, list) else list(form.items())
    return post_bytes(urlencode(pairs).encode(), path)


def post_bytes(body: bytes, path: str = "/webhooks/sms", *, url: str | None = None, token: str = TOKEN) -> RawRequest:
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
    signature = sign(url or PUBLIC + path, pairs, token)
    return _request("POST", path, body, {"content-type": FORM, "x-twilio-signature": signature})


def get(form: Mapping[str, str], path: str = "/webhooks/sms") -> RawRequest:
    """A signed GET: only the URL, which holds everything, is signed."""
    full = f"{path}?{urlencode(form)}"
    return _request("GET", full, b"", {"x-twilio-signature": sign(PUBLIC + full, [])})


def post_json(body: bytes, path: str = "/webhooks/sms") -> RawRequest:
    """A signed JSON POST: the URL carries the body's hash."""
    full = f"{path}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {"content-type": "application/json", "x-twilio-signature": sign(PUBLIC + full, [])}
    return _request("POST", full, body, headers)


def captured(name: str, **changes: str) -> RawRequest:
    """The captured request of that name, signed, with some fields changed."""
    event = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    return post({**event["form"], **changes}, event["path"])


def _request(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> RawRequest:
    parts = urlsplit(path)
    tail = parts.path.removeprefix("/webhooks/sms")
    return RawRequest(
        method=method, url=PUBLIC + path, tail=tail, headers=headers, query=parts.query, body=body, remote="192.0.2.1"
    )


@dataclass
class Answer:
    """What the server says. With `drop` it hears the request and closes the connection without a word."""

    status: int = 201
    payload: Any = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass
class Heard:
    """One request the server got."""

    path: str
    authorization: str | None
    form: dict[str, str]


class TwilioServer:
    """Answers a message's creation like the API, or as `answer` says; serves what `files` holds."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answer: Answer | None = None
        self.files: dict[str, Answer] = {}
        self.url = ""

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.heard.append(Heard(request.path, request.headers.get("Authorization"), form))
        created = {"sid": "SM" + "f" * 32, "status": "accepted" if "MessagingServiceSid" in form else "queued"}
        return self._say(request, self.answer or Answer(payload={**created, "error_code": None}))

    async def file(self, request: web.Request) -> web.StreamResponse:
        self.heard.append(Heard(request.path, request.headers.get("Authorization"), {}))
        return self._say(request, self.files.get(request.path, Answer(status=404, body=b"")))

    def _say(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        if answer.drop and request.transport is not None:
            request.transport.abort()
        body = answer.body if answer.body is not None else json.dumps(answer.payload).encode()
        return web.Response(status=answer.status, body=body, headers=answer.headers)


@asynccontextmanager
async def twilio_server() -> AsyncIterator[TwilioServer]:
    stand_in = TwilioServer()
    app = web.Application()
    app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", stand_in.create)
    app.router.add_get("/{path:.*}", stand_in.file)
    async with TestServer(app) as server:
        stand_in.url = str(server.make_url("")).rstrip("/")
        yield stand_in
