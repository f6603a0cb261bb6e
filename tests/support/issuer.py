"""An OpenID Connect issuer for tests: honest until a test bends what it says."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from gateway.clock import now

CLIENT = "ventanilla"
SECRET = "s3cret of the client: /+%"


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    """`claims` go over those of an honest token; `algorithm` and `key` sign it; `asked` are the token requests."""

    url: str = ""
    kid: str = "first"
    key: Any = field(default_factory=_key)
    algorithm: str = "RS256"
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    # What discovery says besides the truth.
    says: dict[str, Any] = field(default_factory=dict)
    published: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    keys_fetched: int = 0
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def rotate(self, kid: str, *, elliptic: bool = False) -> None:
        """Sign with another key from now on, and publish it alone."""
        self.kid = kid
        self.key = ec.generate_private_key(ec.SECP256R1()) if elliptic else _key()
        self.algorithm = "ES256" if elliptic else "RS256"
        self.publish()

    def publish(self) -> None:
        algorithm = ECAlgorithm if isinstance(self.key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
        self.published = [json.loads(algorithm.to_jwk(self.key.public_key())) | {"kid": self.kid, "use": "sig"}]

    async def discovery(self, _request: web.Request) -> web.Response:
        about = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
        }
        return web.json_response(about | self.says)

    async def authorize(self, request: web.Request) -> web.Response:
        """Everybody is who they say, and sent back at once."""
        query = dict(request.query)
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        raise web.HTTPFound(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}")

    async def token(self, request: web.Request) -> web.Response:
        """A token for a code, once, for whoever holds the verifier of its challenge and the client's secret."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        asked = self._codes.pop(form["code"], None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        quoted = encode_basic_auth(CLIENT, "s3cret%20of%20the%20client%3A%20%2F%2B%25")
        if asked is None or asked["code_challenge"] != digest or request.headers["Authorization"] != quoted:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(
            {"access_token": "at", "token_type": "Bearer", "id_token": self.signed(asked["nonce"])}
        )

    def signed(self, nonce: str) -> str:
        at = now()
        honest: dict[str, Any] = {
            "iss": self.url, "aud": CLIENT, "sub": "subject-1", "nonce": nonce, "iat": at,
            "exp": at + timedelta(minutes=5), "email": "luz@sena.example", "email_verified": True,
        }  # fmt: skip
        claims = {name: value for name, value in (honest | self.claims).items() if value is not None}
        return jwt.encode(claims, self.key, algorithm=self.algorithm, headers={"kid": self.kid})

    async def keys(self, _request: web.Request) -> web.Response:
        self.keys_fetched += 1
        return web.json_response({"keys": self.published})

    async def about_user(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer at"
        return web.json_response(self.userinfo)


def ago(**units: float) -> datetime:
    return now() - timedelta(**units)


@asynccontextmanager
async def issuer() -> AsyncIterator[Issuer]:
    """An issuer that listens."""
    found = Issuer()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", found.discovery)
    app.router.add_get("/authorize", found.authorize)
    app.router.add_post("/token", found.token)
    app.router.add_get("/keys", found.keys)
    app.router.add_get("/userinfo", found.about_user)
    async with TestServer(app) as server:
        found.url = str(server.make_url("")).rstrip("/")
        found.publish()
        yield found
