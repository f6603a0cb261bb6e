"""Requests as the providers make them, signed with the credentials that the running server checks them by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from gateway.errors import SettingsFault
from gateway.settings import Settings
from gateway.simulator import secrets as simulator_secrets
from routing.catalog import Catalog

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
# Provider -> the adapter's name of the secret its requests are proven by.
_NEEDED: Final = {"twilio": "auth_token", "telegram": "secret_token", "africastalking": "path_secret"}


@dataclass(frozen=True, slots=True)
class Signed:
    """A POST that the gateway will take for the provider's. `path` may hold a query."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Signer:
    """Makes requests for the configured channels."""

    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        self._public_url = settings.public_url
        self._settings = settings
        self._held = simulator_secrets.read(settings)
        self._names: dict[str, str] = {}
        for name, channel in catalog.gateway.channels.items():
            self._names.setdefault(channel.provider, name)

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers that have a channel, in the configuration's order."""
        return tuple(self._names)

    def check(self) -> None:
        """SettingsFault unless every channel's requests can be signed."""
        for provider in _NEEDED:
            if provider in self._names:
                self._secret(provider)

    def twilio(self, form: Mapping[str, str], *, tail: str = "") -> Signed:
        """A form, with its signature in the header. `tail` is "" or "/status?m=…"."""
        path = self._path("twilio") + tail
        signature = RequestValidator(self._secret("twilio")).compute_signature(self._public_url + path, dict(form))
        return Signed(path, {"Content-Type": FORM, "X-Twilio-Signature": signature}, urlencode(form).encode())

    def telegram(self, update: Mapping[str, Any]) -> Signed:
        """An update, with the secret in the header."""
        secret = self._secret("telegram")
        headers = {"Content-Type": JSON, "X-Telegram-Bot-Api-Secret-Token": secret}
        return Signed(self._path("telegram"), headers, json.dumps(update).encode())

    def ussd(self, form: Mapping[str, str], *, status: bool = False) -> Signed:
        """A screen's answer, or with `status` the end of a session; the path holds the secret."""
        secret = self._secret("africastalking")
        path = f"{self._path('africastalking')}/{secret}" + ("/status" if status else "")
        return Signed(path, {"Content-Type": FORM}, urlencode(form).encode())

    def web(self, fields: Mapping[str, str]) -> Signed:
        """The web form's JSON twin, which nobody signs."""
        return Signed(self._path("web"), {"Content-Type": JSON}, json.dumps(fields).encode())

    def _path(self, provider: str) -> str:
        if provider not in self._names:
            raise SettingsFault(f"no channel of the configuration is {provider}'s")
        return f"/webhooks/{self._names[provider]}"

    def _secret(self, provider: str) -> str:
        name = _NEEDED[provider]
        secrets = self._settings.secrets[provider]
        if provider in self._settings.simulated:
            if provider not in self._held:
                raise SettingsFault(
                    f"{provider} is simulated, and only the running server knows its secrets: start `ventanilla serve`"
                    " with this environment first"
                )
            secrets = self._held[provider]
        if not secrets.get(name):
            raise SettingsFault(f"the environment holds no {name} of {provider}")
        return secrets[name]
