"""The environment: secrets and places, and nothing else. What an official decides is in `config/`."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.accounts import settings as account_settings
from gateway.accounts.settings import AccountSettings
from gateway.errors import SettingsFault
from gateway.store.engine import database_url

# provider -> {the adapter's name of a secret: the variable that holds it}
PROVIDER_VARIABLES: Final[dict[str, dict[str, str]]] = {
    "twilio": {
        "account_sid": "TWILIO_ACCOUNT_SID",
        "auth_token": "TWILIO_AUTH_TOKEN",
        "auth_token_secondary": "TWILIO_AUTH_TOKEN_SECONDARY",
        "api_url": "TWILIO_API_URL",
    },
    "telegram": {
        "bot_token": "TELEGRAM_BOT_TOKEN",
        "secret_token": "TELEGRAM_SECRET_TOKEN",
        "api_url": "TELEGRAM_API_URL",
    },
    "africastalking": {"path_secret": "USSD_PATH_SECRET"},
    "web": {"token_secret": "WEB_TOKEN_SECRET"},
}
# What a provider cannot do without; with none of these set its channels talk to the simulator.
NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "twilio": ("account_sid", "auth_token"),
    "telegram": ("bot_token",),
    "africastalking": ("path_secret",),
    "web": (),
}
VARIABLES: Final[dict[str, str]] = {
    "VENTANILLA_DATABASE_URL": "SQLAlchemy URL of the database (default `sqlite:///var/ventanilla.db`)",
    "VENTANILLA_CONFIG_DIR": "folder of the configuration (default `config`)",
    "VENTANILLA_FILES_DIR": "folder of citizens' attachments, outside any web root (default `var/files`)",
    "VENTANILLA_PUBLIC_LISTEN": "host:port of webhooks and citizens' pages (default `127.0.0.1:8080`)",
    "VENTANILLA_INTERNAL_LISTEN": "host:port of the console, API, metrics and health (default `127.0.0.1:8081`)",
    "VENTANILLA_PUBLIC_URL": "the https URL providers and citizens reach the public listener by",
    "VENTANILLA_LOG": "`console` (default) or `json`",
    "VENTANILLA_CONSOLE_URL": "the URL staff reach the console by, for invitations and single sign-on",
    "VENTANILLA_TRUSTED_PROXIES": "addresses and networks whose `X-Forwarded-For` is believed, separated by commas",
    "VENTANILLA_SECOND_FACTOR": "roles that must have a second factor, separated by commas; without it each decides",
    "VENTANILLA_SECRET_KEY": "encrypts second factors, the same on every machine; without it one is made and kept",
    "OIDC_ISSUER": "single sign-on: the OpenID Connect issuer's https URL, as it writes it",
    "OIDC_CLIENT_ID": "single sign-on: who we are to the issuer",
    "OIDC_CLIENT_SECRET": "single sign-on: and how we prove it",
    "OIDC_NAME": "single sign-on: what stands on the button; without it the issuer's host",
    "OIDC_CLAIM": "single sign-on: what names a member, `email` or `preferred_username` (default `email`)",
    "TWILIO_ACCOUNT_SID": "Twilio account",
    "TWILIO_AUTH_TOKEN": "Twilio primary auth token: signs webhooks and opens the API",
    "TWILIO_AUTH_TOKEN_SECONDARY": "accepted beside the primary while tokens are rotated",
    "TWILIO_API_URL": "another place for Twilio's API (default `https://api.twilio.com`)",
    "TELEGRAM_BOT_TOKEN": "the bot's token",
    "TELEGRAM_SECRET_TOKEN": "the secret Telegram sends with each webhook; needed with a public URL",
    "TELEGRAM_API_URL": "another place for the Bot API (default `https://api.telegram.org`)",
    "USSD_PATH_SECRET": "the last part of the USSD webhook's path",
    "WEB_TOKEN_SECRET": "optional: lets several processes name the sender of a repeated web message alike",
}


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a listener binds."""

    host: str
    port: int

    @property
    def local_url(self) -> str:
        """The URL a program on this machine reaches it by."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104 — compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The environment, read and checked."""

    # It may hold a password.
    database_url: str = field(repr=False)
    config_dir: Path
    files_dir: Path
    public_listen: Listen
    internal_listen: Listen
    # What webhooks are signed over and links begin with, without a trailing slash.
    public_url: str
    has_public_url: bool
    log_format: str
    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)
    # Providers that stand on the simulator.
    simulated: frozenset[str]
    accounts: AccountSettings

    @property
    def console_url(self) -> str:
        """What staff reach the console by, without a trailing slash."""
        return self.accounts.console_url or self.internal_listen.local_url


def read(environment: Mapping[str, str]) -> Settings:
    """Settings from the environment. SettingsFault names the variable, what is wrong and what to do."""
    database = environment.get("VENTANILLA_DATABASE_URL") or "sqlite:///var/ventanilla.db"
    database_url(database)
    public = _listen(environment, "VENTANILLA_PUBLIC_LISTEN", "127.0.0.1:8080")
    internal = _listen(environment, "VENTANILLA_INTERNAL_LISTEN", "127.0.0.1:8081")
    config_dir = Path(environment.get("VENTANILLA_CONFIG_DIR") or "config")
    if not config_dir.is_dir():
        raise SettingsFault(
            f"VENTANILLA_CONFIG_DIR: there is no folder {config_dir}; name the folder with gateway.yaml"
        )
    public_url = _public_url(environment)
    found = {provider: _secrets(provider, environment) for provider in PROVIDER_VARIABLES}
    simulated = frozenset(p for p, needed in NEEDED.items() if needed and not any(found[p].get(n) for n in needed))
    if public_url and "telegram" not in simulated and not found["telegram"].get("secret_token"):
        raise SettingsFault(
            "TELEGRAM_SECRET_TOKEN is missing: with VENTANILLA_PUBLIC_URL set, Telegram's webhook is used and must"
            " be told from a forged one. Set it to 1-256 random letters, digits, _ or -"
        )
    return Settings(
        database_url=database,
        config_dir=config_dir,
        files_dir=Path(environment.get("VENTANILLA_FILES_DIR") or "var/files"),
        public_listen=public,
        internal_listen=internal,
        public_url=public_url or public.local_url,
        has_public_url=bool(public_url),
        log_format=_log_format(environment),
        secrets={p: found[p] if p not in simulated else _invented(p, internal) for p in found},
        simulated=simulated,
        accounts=account_settings.read(environment),
    )


def _listen(environment: Mapping[str, str], name: str, default: str) -> Listen:
    text = environment.get(name) or default
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsFault(f"{name} must read host:port, for example {default}; it reads {text!r}")
    return Listen(host.strip("[]"), int(port))


def _public_url(environment: Mapping[str, str]) -> str:
    text = (environment.get("VENTANILLA_PUBLIC_URL") or "").rstrip("/")
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise SettingsFault(
            "VENTANILLA_PUBLIC_URL must be the URL providers reach us by, like https://ventanilla.gov.example,"
            " without query or fragment"
        )
    return text


def _log_format(environment: Mapping[str, str]) -> str:
    text = environment.get("VENTANILLA_LOG") or "console"
    if text not in ("console", "json"):
        raise SettingsFault(f"VENTANILLA_LOG must be console or json; it reads {text!r}")
    return text


def _secrets(provider: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What the environment holds for a provider. SettingsFault when it is half of what is needed."""
    variables = PROVIDER_VARIABLES[provider]
    found = {name: environment[variable] for name, variable in variables.items() if environment.get(variable)}
    needed = NEEDED[provider]
    missing = [name for name in needed if name not in found]
    if missing and len(missing) < len(needed):
        held = ", ".join(variables[name] for name in needed if name in found)
        raise SettingsFault(f"{variables[missing[0]]} is missing although {held} is set: set both, or neither")
    return found


def _invented(provider: str, internal: Listen) -> dict[str, str]:
    """Secrets for the simulator, made anew at each start, so that its requests are verified like real ones."""
    simulator = f"{internal.local_url}/simulator"
    if provider == "twilio":
        sid = "AC" + secrets.token_hex(16)
        return {"account_sid": sid, "auth_token": secrets.token_hex(16), "api_url": f"{simulator}/twilio"}
    if provider == "telegram":
        token = f"{secrets.randbelow(10**9) + 10**9}:{secrets.token_urlsafe(26)}"
        return {"bot_token": token, "secret_token": secrets.token_urlsafe(24), "api_url": f"{simulator}/telegram"}
    return {"path_secret": secrets.token_urlsafe(18)}
