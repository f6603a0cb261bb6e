"""What the environment says of logins: proxies, keys, who needs a second factor, and single sign-on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final
from urllib.parse import urlsplit

from gateway.errors import SettingsFault
from gateway.principal import Role

Network = IPv4Network | IPv6Network

_CLAIMS: Final = ("email", "preferred_username")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_SHORTEST_KEY: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOnSettings:
    """Single sign-on by OpenID Connect. `name` stands on the button; `claim` says whom a token speaks of."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    claim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """`console_url` is what staff reach the console by, without a trailing slash, or ""."""

    console_url: str
    trusted_proxies: tuple[Network, ...]
    # Roles that must have a second factor.
    second_factor: frozenset[Role]
    secret_key: str = field(repr=False)
    sign_on: SignOnSettings | None


def read(environment: Mapping[str, str]) -> AccountSettings:
    """The settings of logins. SettingsFault names the variable, what is wrong and what to do."""
    secret = environment.get("VENTANILLA_SECRET_KEY") or ""
    if secret and len(secret) < _SHORTEST_KEY:
        raise SettingsFault(f"VENTANILLA_SECRET_KEY must be {_SHORTEST_KEY} random characters or more")
    return AccountSettings(
        console_url=_url(environment, "VENTANILLA_CONSOLE_URL"),
        trusted_proxies=tuple(_network(part) for part in _list(environment, "VENTANILLA_TRUSTED_PROXIES")),
        second_factor=frozenset(_role(part) for part in _list(environment, "VENTANILLA_SECOND_FACTOR")),
        secret_key=secret,
        sign_on=_sign_on(environment),
    )


def _list(environment: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in (environment.get(name) or "").split(",") if part.strip()]


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise SettingsFault(
            f"VENTANILLA_TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8; {text!r} is neither"
        ) from None


def _role(text: str) -> Role:
    if text not in list(Role):
        raise SettingsFault(f"VENTANILLA_SECOND_FACTOR must name roles ({', '.join(Role)}); {text!r} is none")
    return Role(text)


def _url(environment: Mapping[str, str], name: str) -> str:
    text = (environment.get(name) or "").rstrip("/")
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise SettingsFault(f"{name} must be a URL like https://console.gov.example, without query or fragment")
    return text


def _sign_on(environment: Mapping[str, str]) -> SignOnSettings | None:
    issuer, client = environment.get("OIDC_ISSUER") or "", environment.get("OIDC_CLIENT_ID") or ""
    secret = environment.get("OIDC_CLIENT_SECRET") or ""
    if not (issuer or client or secret):
        return None
    for name, value in (("OIDC_ISSUER", issuer), ("OIDC_CLIENT_ID", client), ("OIDC_CLIENT_SECRET", secret)):
        if not value:
            raise SettingsFault(f"{name} is missing although single sign-on is set up: set all three, or none")
    _url(environment, "OIDC_ISSUER")
    if urlsplit(issuer).scheme != "https" and urlsplit(issuer).hostname not in _LOOPBACK:
        raise SettingsFault("OIDC_ISSUER must be an https URL: who is let in depends on what it says")
    claim = environment.get("OIDC_CLAIM") or _CLAIMS[0]
    if claim not in _CLAIMS:
        raise SettingsFault(f"OIDC_CLAIM must be {' or '.join(_CLAIMS)}; it reads {claim!r}")
    name = environment.get("OIDC_NAME") or urlsplit(issuer).hostname or issuer
    return SignOnSettings(issuer=issuer, client_id=client, client_secret=secret, name=name, claim=claim)
