"""A server that stands for Telegram's Bot API, and Telegram's requests as they come."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.channel import ChannelSettings, RawRequest

PAYLOADS = Path(__file__).parent.parent / "payloads" / "telegram"
WEBHOOK = "https://ventanilla.example.gov.co/webhooks/telegram"
BOT_TOKEN = "6000000001:AAtoken-of-the-tests"
SECRET = "secret_token-of-the-tests"
SECRET_HEADER = "x-telegram-bot-api-secret-token"
CHAT = 7_000_000_042


def settings(
    secrets: Mapping[str, str], *, webhook_url: str = WEBHOOK, options: Mapping[str, Any] | None = None
) -> ChannelSettings:
    return ChannelSettings(
        name="telegram", country="CO", webhook_url=webhook_url, options=options or {}, secrets=secrets
    )


def post(update: Mapping[str, Any]) -> RawRequest:
    """An update as the webhook brings it."""
    return post_bytes(json.dumps(update).encode())


def post_bytes(body: bytes) -> RawRequest:
    headers = {"content-type": "application/json", SECRET_HEADER: SECRET}
    return RawRequest(method="POST", url=WEBHOOK, tail="", headers=headers, query="", body=body)


def captured(name: str) -> dict[str, Any]:
    """The captured update of that name."""
    update: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))["json"]
    return update


def text_update(text: str) -> dict[str, Any]:
    update = captured("text")
    return {**update, "message": {**update["message"], "text": text}}


@dataclass(frozen=True)
class Answer:
    """What the server says instead of its usual answer; with `drop` it closes the connection without a word."""

    status: int = 200
    body: Any = None
    drop: bool = False


def refusal(status: int, description: str, **parameters: Any) -> Answer:
    """An error as the Bot API writes it."""
    body = {"ok": False, "error_code": status, "description": description}
    return Answer(status, body | ({"parameters": parameters} if parameters else {}))


@dataclass
class BotApi:
    """Remembers every call; answers as the real one unless `answers[method]` holds something else to say first."""

    url: str = ""
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answers: defaultdict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    files: dict[str, bytes] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    # Set when a request for updates finds none and is being held open.
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 900

    def secrets(self) -> dict[str, str]:
        return {"bot_token": BOT_TOKEN, "secret_token": SECRET, "api_url": self.url}

    def asked(self, method: str) -> list[dict[str, str]]:
        return [fields for name, fields in self.calls if name == method]

    async def call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        fields = {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
        self.calls.append((method, fields))
        if self.answers[method]:
            return self._said(request, self.answers[method].pop(0))
        if request.match_info["token"] != BOT_TOKEN:
            return self._said(request, refusal(401, "Unauthorized"))
        result = await self._updates(fields) if method == "getUpdates" else self._result(method, fields)
        return web.json_response({"ok": True, "result": result})

    async def file(self, request: web.Request) -> web.StreamResponse:
        if self.answers["file"]:
            return self._said(request, self.answers["file"].pop(0))
        known = request.match_info["token"] == BOT_TOKEN and request.match_info["path"] in self.files
        return web.Response(body=self.files[request.match_info["path"]]) if known else web.Response(status=404)

    def _said(self, request: web.Request, answer: Answer) -> web.Response:
        if answer.drop and request.transport:
            request.transport.abort()
        if isinstance(answer.body, bytes):
            return web.Response(status=answer.status, body=answer.body)
        return web.json_response(answer.body, status=answer.status)

    def _result(self, method: str, fields: Mapping[str, str]) -> Any:
        if method == "sendMessage":
            self.sent += 1
            chat = {"id": int(fields["chat_id"]), "type": "private"}
            return {"message_id": self.sent, "date": 1763719200, "chat": chat, "text": fields["text"]}
        if method == "getFile":
            return {"file_id": fields["file_id"], "file_unique_id": "u", "file_path": f"documents/{fields['file_id']}"}
        return True

    async def _updates(self, fields: Mapping[str, str]) -> list[dict[str, Any]]:
        """Forgets what the offset confirms; holds the request open when nothing is left, as the real one does."""
        self.updates = [each for each in self.updates if each["update_id"] >= int(fields.get("offset", 0))]
        while not self.updates:
            self.holding.set()
            await asyncio.sleep(0.01)
        return self.updates


@asynccontextmanager
async def bot_api() -> AsyncIterator[BotApi]:
    """The server, running."""
    api = BotApi()
    app = web.Application()
    app.router.add_route("*", "/bot{token}/{method}", api.call)
    app.router.add_get("/file/bot{token}/{path:.+}", api.file)
    server = TestServer(app)
    # A log of our own would hold the token that the adapter must keep out of its log.
    await server.start_server(shutdown_timeout=0.1, access_log=None)
    try:
        api.url = str(server.make_url("")).rstrip("/")
        yield api
    finally:
        await server.close()
