"""Single sign-on by OpenID Connect: the authorization code flow with PKCE, state and nonce.

https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, https://www.rfc-editor.org/rfc/rfc7636 (PKCE),
https://openid.net/specs/openid-connect-discovery-1_0.html. What the issuer says is believed only when its signature,
issuer, audience, expiry and nonce hold, and its algorithm is one with a public key.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import jwt

from gateway.accounts.settings import SignOnSettings

# Without "none" and without those keyed by a shared secret: the issuer's public key must never serve as one.
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
_NEEDED: Final = ("exp", "iat", "iss", "aud", "sub", "nonce")
# Clocks of two machines differ; seconds.
_LEEWAY: Final = 60
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
# No discovery document, key set or token is larger; bytes.
_LARGEST: Final = 256 * 1024


class SignOnFailed(Exception):
    """The issuer did not vouch for anybody. The text names the step for our log and holds no personal data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What one login takes along, sealed, in the browser. `target` is the page it wanted."""

    state: str
    nonce: str
    verifier: str
    target: str

    def packed(self) -> str:
        """As text."""
        return json.dumps(asdict(self))


def unpacked(text: str) -> Journey:
    """What `packed` made."""
    return Journey(**json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom the issuer vouches for. `login` or `email` is set, by the configured claim; an e-mail is a verified one."""

    subject: str
    login: str | None
    email: str | None


class SignOn:
    """The issuer, as this gateway knows it. Discovery and keys are fetched when first needed."""

    def __init__(self, settings: SignOnSettings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session
        self._about: Mapping[str, Any] | None = None
        self._keys: list[Mapping[str, Any]] = []

    @property
    def name(self) -> str:
        """What stands on the button."""
        return self._settings.name

    async def begin(self, *, redirect_uri: str, target: str) -> tuple[str, Journey]:
        """Where to send the browser, and what it takes along. SignOnFailed when the issuer does not answer."""
        about = await self._discovered()
        journey = Journey(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            target=target,
        )
        digest = hashlib.sha256(journey.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        endpoint = about["authorization_endpoint"]
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}", journey

    async def finish(self, query: Mapping[str, str], journey: Journey, *, redirect_uri: str) -> Identity:
        """Whom the issuer vouches for, by what it sent back with the browser. SignOnFailed."""
        if not secrets.compare_digest(query.get("state", "").encode("utf-8", "replace"), journey.state.encode()):
            raise SignOnFailed("state")
        # RFC 9207: an answer that another issuer gave is none.
        if query.get("iss", self._settings.issuer) != self._settings.issuer:
            raise SignOnFailed("iss of the answer")
        if not query.get("code"):
            raise SignOnFailed("no code")
        tokens = await self._exchange(query["code"], journey, redirect_uri=redirect_uri)
        claims = await self._verified(str(tokens.get("id_token", "")), nonce=journey.nonce)
        if self._settings.claim not in claims:
            claims = await self._asked(claims, str(tokens.get("access_token", "")))
        return self._identity(claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject = f"{self._settings.issuer} {claims['sub']}"
        said = claims.get(self._settings.claim)
        if not isinstance(said, str) or not said.strip():
            raise SignOnFailed(f"no {self._settings.claim}")
        said = said.strip().lower()
        if self._settings.claim == "preferred_username":
            return Identity(subject=subject, login=said, email=None)
        if claims.get("email_verified") is not True:
            raise SignOnFailed("the e-mail is not verified")
        return Identity(subject=subject, login=None, email=said)

    async def _discovered(self) -> Mapping[str, Any]:
        if self._about is None:
            issuer = self._settings.issuer
            about = await self._json("GET", issuer.rstrip("/") + "/.well-known/openid-configuration")
            if about.get("issuer") != issuer:
                raise SignOnFailed("discovery speaks of another issuer: compare OIDC_ISSUER with what it says")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                self._check_url(about.get(name))
            self._about = about
        return self._about

    def _check_url(self, url: object) -> None:
        """Only an issuer on this very machine, for trials, may be reached without encryption."""
        is_plain = urlsplit(self._settings.issuer).scheme == "http"
        if not isinstance(url, str) or urlsplit(url).scheme not in ("https", *(("http",) if is_plain else ())):
            raise SignOnFailed("discovery names an endpoint that is no https URL")

    async def _exchange(self, code: str, journey: Journey, *, redirect_uri: str) -> Mapping[str, Any]:
        about = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": journey.verifier,
        }
        client, secret = self._settings.client_id, self._settings.client_secret
        if "client_secret_basic" in about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            # RFC 6749, section 2.3.1: form-encoded first.
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
            headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
            return await self._json("POST", about["token_endpoint"], data=form, headers=headers)
        form |= {"client_id": client, "client_secret": secret}
        return await self._json("POST", about["token_endpoint"], data=form)

    async def _verified(self, token: str, *, nonce: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise SignOnFailed("the ID token cannot be read") from error
        algorithm = str(header.get("alg"))
        supported = (await self._discovered()).get("id_token_signing_alg_values_supported", ALGORITHMS)
        if algorithm not in ALGORITHMS or algorithm not in supported:
            raise SignOnFailed("the ID token's algorithm")
        for key in await self._keys_for(header.get("kid"), algorithm):
            claims = self._claims(token, key, algorithm)
            if claims is not None:
                self._check_claims(claims, nonce=nonce)
                return claims
        raise SignOnFailed("the ID token's signature")

    def _claims(self, token: str, key: jwt.PyJWK, algorithm: str) -> Mapping[str, Any] | None:
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._settings.client_id,
                issuer=self._settings.issuer,
                leeway=_LEEWAY,
                options={"require": list(_NEEDED)},
            )
        except jwt.InvalidSignatureError:
            return None
        except jwt.PyJWTError as error:
            raise SignOnFailed(f"the ID token: {type(error).__name__}") from error
        return claims

    def _check_claims(self, claims: Mapping[str, Any], *, nonce: str) -> None:
        if not secrets.compare_digest(str(claims["nonce"]).encode("utf-8", "replace"), nonce.encode()):
            raise SignOnFailed("the ID token's nonce")
        audience, client = claims["aud"], self._settings.client_id
        is_shared = isinstance(audience, list) and len(audience) > 1
        if claims.get("azp", None if is_shared else client) != client:
            raise SignOnFailed("the ID token was made for another client")

    async def _keys_for(self, kid: object, algorithm: str) -> list[jwt.PyJWK]:
        """The issuer's keys of that name. An unknown name fetches them anew: keys are rotated.

        Only a token that came from the issuer's own token endpoint gets here, so nobody can make us fetch at will.
        """
        found = _fitting(self._keys, kid, algorithm)
        if not found:
            fetched = await self._json("GET", (await self._discovered())["jwks_uri"])
            self._keys = [key for key in fetched.get("keys", []) if isinstance(key, dict)]
            found = _fitting(self._keys, kid, algorithm)
        return found

    async def _asked(self, claims: Mapping[str, Any], access_token: str) -> Mapping[str, Any]:
        """The claims with those that the issuer tells only at its userinfo endpoint."""
        endpoint = (await self._discovered()).get("userinfo_endpoint")
        if endpoint is None:
            return claims
        self._check_url(endpoint)
        told = await self._json("GET", endpoint, headers={"Authorization": f"Bearer {access_token}"})
        if told.get("sub") != claims["sub"]:
            raise SignOnFailed("userinfo speaks of somebody else")
        return {**told, **claims}

    async def _json(self, method: str, url: str, **more: Any) -> Mapping[str, Any]:
        try:
            async with self._session.request(method, url, allow_redirects=False, timeout=_TIMEOUT, **more) as answer:
                if answer.status != 200:
                    raise SignOnFailed(f"{urlsplit(url).path} answered {answer.status}")
                body = bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > _LARGEST:
                        raise SignOnFailed(f"{urlsplit(url).path} answered too much")
            read = json.loads(body)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise SignOnFailed(f"{urlsplit(url).path}: {type(error).__name__}") from error
        if not isinstance(read, dict):
            raise SignOnFailed(f"{urlsplit(url).path} answered no object")
        return read


def _fitting(keys: list[Mapping[str, Any]], kid: object, algorithm: str) -> list[jwt.PyJWK]:
    """The keys that the name allows and the algorithm can use."""
    found = []
    for key in keys:
        if (kid is not None and key.get("kid") != kid) or key.get("use", "sig") != "sig":
            continue
        if key.get("alg", algorithm) != algorithm:
            continue
        try:
            found.append(jwt.PyJWK(dict(key), algorithm))
        except jwt.PyJWTError:
            continue
    return found
