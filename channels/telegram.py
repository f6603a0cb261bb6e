"""Telegram, through the Bot API.

Provider pages:
- Updates and their fields: https://core.telegram.org/bots/api#update
- Webhook, secret token, allowed updates: https://core.telegram.org/bots/api#setwebhook
- Limits: https://core.telegram.org/bots/faq#broadcasting-to-users and https://core.telegram.org/bots/api#sendmessage

Quirks:
- `update_id` is the id of a delivery (repeats carry the same one), `chat:message` the id of a message. An edit is a new
  delivery of an old message; see `channels.telegram_updates`.
- Every photo of an album is a message of its own.
- The addresses of files hold the bot's token. They are never kept, shown or logged.
- Lengths are counted in UTF-16 units. No parse mode is used, so no text of ours can be a syntax error.
- A request may time out after the message went out, and there is no key to repeat it safely: the outcome is "unknown".
- Without a public URL the channel pulls (`poll`); Telegram serves either the webhook or one puller, never both.
"""

import asyncio
import hmac
import json
import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import telegram
from pydantic import BaseModel, ConfigDict, Field
from telegram.error import BadRequest, InvalidToken, TelegramError

from channels.channel import (
    Capabilities,
    ChannelError,
    ChannelSettings,
    Deliver,
    FileUnavailable,
    NotAuthentic,
    Outcome,
    RawRequest,
    RawResponse,
    Screen,
    SendOutcome,
)
from channels.download import Source, download
from channels.json_body import read_object
from channels.message import Attachment, Inbound, OutboundMessage
from channels.telegram_replies import MAX_TEXT, Markup, first_clause, markup, outcome_of, partly, quoted_id, split
from channels.telegram_request import AiohttpRequest, NotAnswer, Throttled
from channels.telegram_updates import SCHEME, UpdateReader, message_key

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name, not the secret
SECRET_FORMAT = re.compile(r"[A-Za-z0-9_-]{1,256}")
DEFAULT_API_URL = "https://api.telegram.org"
# All that `telegram_updates` reads, and nothing more: what is not listed is not sent to us.
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
# Telegram's own default, and enough: it opens no more connections to us than this.
MAX_CONNECTIONS = 40

logger = logging.getLogger(__name__)


class Options(BaseModel):
    """The adapter's options in `config/gateway.yaml`. Times in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # The Bot API hands out no larger files; a Bot API server of one's own does.
    max_file_bytes: int = Field(default=20 * 1024 * 1024, ge=1)
    answer_seconds: float = Field(default=10, gt=0)
    # How long Telegram holds a request for updates open when there are none.
    poll_seconds: int = Field(default=30, ge=1, le=50)
    # The pause after a failed request for updates.
    pause_seconds: float = Field(default=3, ge=0)


PARSE_ERROR = "can't parse entities"
# Telegram's "temporarily unavailable" comes with the same phrase as a wrong id, so only these are final.
FILE_GONE = ("file is too big", "invalid file_id")


class NotConnected(ChannelError):
    """Telegram does not know our token, or could not be told where we are; `permanent` when only new settings help."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


class TelegramChannel:
    """See the module's docstring. Built by `build`."""

    capabilities = Capabilities(max_length=MAX_TEXT, buttons=True)

    def __init__(self, settings: ChannelSettings, options: Options, session: aiohttp.ClientSession) -> None:
        self.name = settings.name
        self.use_polling = settings.webhook_url == ""
        self._webhook_url = settings.webhook_url
        self._options = options
        self._session = session
        self._token = settings.secrets.get("bot_token", "")
        self._secret = _secret_token(settings)
        api_url = (settings.secrets.get("api_url") or DEFAULT_API_URL).rstrip("/")
        self._bot_url = f"{api_url}/bot{self._token}"
        self._file_url = f"{api_url}/file/bot{self._token}/"
        self._files = Source(api_url=api_url, hosts=(), limit=options.max_file_bytes)
        self._request = AiohttpRequest(session, options.answer_seconds)
        self._bot = _bot(self._token, self._request, api_url=api_url)
        self._reader = UpdateReader(channel=self.name, country=settings.country, max_file_bytes=options.max_file_bytes)

    def verify(self, raw: RawRequest) -> None:
        """NotAuthentic unless the header carries the secret token given to `setWebhook`."""
        if not self._secret:
            raise NotAuthentic("no secret token is configured, so nothing is accepted")
        given = raw.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(errors="replace"), self._secret.encode()):
            raise NotAuthentic("the secret token is missing or wrong")

    def parse(self, raw: RawRequest) -> Sequence[Inbound]:
        """The one thing an update says."""
        return [self._reader.read(read_object(raw.body))]

    def acknowledge(self, raw: RawRequest, screen: Screen | None = None) -> RawResponse:
        """200 and an empty object: no method call rides on the answer, because its result would be lost."""
        return RawResponse(content_type="application/json", body="{}")

    async def send(self, message: OutboundMessage) -> SendOutcome:
        """One message, or several when the text is longer than 4096 UTF-16 units; the last carries the buttons.

        `provider_id` is the "chat:message" of the last. When some parts went out and a later one did not, the outcome
        is "unknown", because to repeat the whole would say the first parts twice.
        """
        if not self._token or message.to.scheme != SCHEME:
            return _unsendable(message)
        texts = split(message.text)
        for number, text in enumerate(texts):
            keyboard = markup(message) if number == len(texts) - 1 else None
            outcome = await self._send_part(message, text, keyboard=keyboard, quoting=number == 0)
            if outcome.outcome is not Outcome.SENT:
                return outcome if number == 0 else partly(outcome, sent=number, of=len(texts))
        return outcome

    async def _send_part(
        self, message: OutboundMessage, text: str, *, keyboard: Markup | None, quoting: bool
    ) -> SendOutcome:
        arguments: dict[str, Any] = {"chat_id": message.to.value, "text": text, "reply_markup": keyboard}
        quoted = quoted_id(message) if quoting else None
        if quoted is not None:
            arguments |= {"reply_to_message_id": quoted, "allow_sending_without_reply": True}
        try:
            sent = await self._send_plain(arguments)
            return SendOutcome(outcome=Outcome.SENT, provider_id=message_key(sent.chat.id, sent.message_id))
        except TelegramError as error:
            return outcome_of(error)
        except (AttributeError, KeyError, TypeError, ValueError):
            return SendOutcome(
                outcome=Outcome.UNKNOWN, code="unreadable", detail="Telegram's answer was not understood"
            )

    async def _send_plain(self, arguments: Mapping[str, Any]) -> telegram.Message:
        try:
            return await self._bot.send_message(**arguments)
        except BadRequest as error:
            if PARSE_ERROR not in str(error).lower():
                raise
            # A Bot API server with a default parse mode: say that there is none.
            return await self._bot.send_message(**arguments, api_kwargs={"parse_mode": ""})

    async def answer_press(self, press_id: str, text: str = "") -> bool:
        """Stops the wheel on a pressed button, with a notice of up to 200 characters. False when it was too late."""
        try:
            return await self._bot.answer_callback_query(press_id, text=text or None)
        except (TelegramError, KeyError):
            return False

    async def fetch(self, attachment: Attachment) -> bytes:
        """The file's bytes, within the limits of the options. FileUnavailable otherwise."""
        if (attachment.size or 0) > self._options.max_file_bytes:
            raise FileUnavailable("the file is too big", permanent=True)
        path = await self._file_path(attachment.reference)
        return await download(self._file_url + quote(path), self._files, self._session)

    async def _file_path(self, file_id: str) -> str:
        try:
            file = await self._bot.get_file(file_id)
        except TelegramError as error:
            gone = any(phrase in str(error).lower() for phrase in FILE_GONE)
            raise FileUnavailable(f"getFile failed: {first_clause(error)}", permanent=gone) from None
        except (AttributeError, KeyError, TypeError):
            raise FileUnavailable("getFile gave an answer that was not understood") from None
        if not (file.file_path or "").startswith(self._file_url):
            raise FileUnavailable("getFile gave no address")
        return str(file.file_path).removeprefix(self._file_url)

    async def start(self) -> None:
        """Tells Telegram our webhook, or that there is none when the channel pulls. NotConnected when it cannot be."""
        if not self._token:
            raise NotConnected("no bot token is configured", permanent=True)
        if not self._secret:
            raise NotConnected("no secret token is configured, so every update would be refused", permanent=True)
        try:
            if self.use_polling:
                await self._bot.delete_webhook()
            else:
                await self._bot.set_webhook(
                    self._webhook_url,
                    secret_token=self._secret,
                    allowed_updates=ALLOWED_UPDATES,
                    max_connections=MAX_CONNECTIONS,
                )
        except (TelegramError, KeyError) as error:
            permanent = isinstance(error, BadRequest | InvalidToken)
            raise NotConnected(
                f"Telegram was not told our webhook: {first_clause(error)}", permanent=permanent
            ) from None

    async def poll(self, deliver: Deliver) -> None:
        """Pulls updates until cancelled. An update is confirmed to Telegram only after `deliver` returned.

        What `deliver` raises ends the loop with that update unconfirmed. NotConnected when the token is not known;
        every other failure is waited out.
        """
        offset: int | None = None
        while True:
            for update in await self._updates(offset):
                await deliver(self._as_request(update))
                offset = int(update["update_id"]) + 1

    async def _updates(self, offset: int | None) -> list[dict[str, Any]]:
        """The updates from `offset` on; none after a pause when they could not be had.

        The library's own call refuses (and logs) a whole batch for one update it cannot read, for ever.
        """
        hold = self._options.poll_seconds
        query = urlencode(
            {"timeout": hold, "allowed_updates": json.dumps(ALLOWED_UPDATES)} | ({"offset": offset} if offset else {})
        )
        try:
            answer = await self._request.post(
                f"{self._bot_url}/getUpdates?{query}", read_timeout=hold + self._options.answer_seconds
            )
            if not isinstance(answer, list):
                raise NotAnswer("getUpdates gave no list")
            return [update for update in answer if isinstance(update.get("update_id"), int)]
        except InvalidToken:
            raise NotConnected("Telegram does not know our bot token", permanent=True) from None
        except (TelegramError, KeyError, AttributeError) as error:
            logger.warning("telegram: updates could not be pulled: %s", first_clause(error))
            await asyncio.sleep(error.after if isinstance(error, Throttled) else self._options.pause_seconds)
            return []

    def _as_request(self, update: Mapping[str, Any]) -> RawRequest:
        """The update as the webhook would have brought it, so that one path serves both."""
        return RawRequest(
            method="POST",
            url=self._webhook_url,
            tail="",
            headers={SECRET_HEADER: self._secret, "content-type": "application/json"},
            query="",
            body=json.dumps(update).encode(),
        )

    async def close(self) -> None:
        """Nothing is kept: the session belongs to whoever gave it."""


def _unsendable(message: OutboundMessage) -> SendOutcome:
    if message.to.scheme != SCHEME:
        return SendOutcome(outcome=Outcome.REFUSED, code="not_telegram", detail=f"{message.to.scheme} is not Telegram")
    return SendOutcome(outcome=Outcome.MISCONFIGURED, code="no_token", detail="no bot token is configured")


def _secret_token(settings: ChannelSettings) -> str:
    """The configured secret; when the channel pulls, one made for this process is as good."""
    secret = settings.secrets.get("secret_token", "")
    if secret and not SECRET_FORMAT.fullmatch(secret):
        raise ValueError("the secret token may hold letters, digits, - and _ only, 256 at most")
    return secret or (secrets.token_urlsafe(32) if settings.webhook_url == "" else "")


def _bot(token: str, request: AiohttpRequest, *, api_url: str) -> telegram.Bot:
    # The library logs texts, numbers and the token at DEBUG.
    logging.getLogger("telegram").setLevel(logging.INFO)
    return telegram.Bot(
        # The library refuses to be built without one; `send` and `start` say that it is missing.
        token or "missing",
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=request,
        get_updates_request=request,
    )


def build(settings: ChannelSettings, session: aiohttp.ClientSession) -> TelegramChannel:
    """The channel, or ValueError for options or a secret token that do not hold."""
    return TelegramChannel(settings, Options.model_validate(dict(settings.options)), session)
