"""A citizen's form as it comes in: read in pieces, each within its limit, each file on disk before the next begins."""

import asyncio
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

from channels.message import Attachment, AttachmentKind
from channels.web import FieldError
from gateway.files import FileRefused, Files
from gateway.web.public.words import word
from routing.catalog import FileLimits

# The longest text the form takes is 10,000 characters, up to four bytes each. Bytes.
_FIELD_LIMIT: Final = 64 * 1024
_JSON_LIMIT: Final = 256 * 1024
# All of a form together. Bytes.
BODY_LIMIT: Final = 64 * 1024 * 1024
_MAX_PARTS: Final = 60
_MAX_FILENAME: Final = 120
_CHUNK: Final = 64 * 1024
# Control characters, and the marks that turn the direction of writing: "cod.exe" must not read as "exe.doc".
_UNSHOWABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@dataclass(slots=True)
class Incoming:
    """What a form said. The files are kept already; `discard` takes them away again."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[Attachment] = field(default_factory=list)
    # What was wrong with a file; the rest of the form is read all the same, so that nobody types it twice.
    fault: FieldError | None = None
    _digest: Any = field(default_factory=hashlib.sha256)

    def digest(self, *names: str) -> str:
        """A fingerprint of these fields and of all files, in hexadecimal."""
        whole = self._digest.copy()
        for name in names:
            whole.update(f"{name}\0{self.fields.get(name, '')}\0".encode("utf-8", "replace"))
        return str(whole.hexdigest())

    def digest_file(self, content: bytes) -> None:
        """Make a file part of the fingerprint."""
        self._digest.update(hashlib.sha256(content).digest())

    def discard(self, files: Files) -> None:
        """Take kept files off the disk: the message they came with is not taken, or was taken before."""
        for each in self.files:
            files.path(each.reference.removeprefix("stored:")).unlink(missing_ok=True)
        self.files = []


async def read(request: web.Request, *, files: Files, limits: FileLimits, language: str) -> Incoming:
    """The fields and files of a multipart, urlencoded or JSON request.

    HTTPBadRequest when it is malformed, HTTPRequestEntityTooLarge beyond `BODY_LIMIT`.
    """
    if (request.content_length or 0) > BODY_LIMIT:
        raise web.HTTPRequestEntityTooLarge(max_size=BODY_LIMIT, actual_size=request.content_length or 0)
    if request.content_type == "multipart/form-data":
        reading = _Multipart(request, files=files, limits=limits, language=language)
        return await reading.read()
    if request.content_type == "application/json":
        return Incoming(_texts_of_json(await _whole(request, _JSON_LIMIT)))
    pairs = parse_qsl((await _whole(request, _FIELD_LIMIT)).decode("utf-8", "replace"), keep_blank_values=True)
    return Incoming(dict(reversed(pairs)))


async def _whole(request: web.Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(body))
    return bytes(body)


def _texts_of_json(body: bytes) -> dict[str, str]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="The body is not JSON.") from None
    if not isinstance(said, dict):
        raise web.HTTPBadRequest(text="The JSON body is not an object.")
    wrong = next((name for name, value in said.items() if value is not None and not isinstance(value, str)), None)
    if wrong is not None:
        raise FieldError(wrong[:80], "must be a string")
    return {name: value for name, value in said.items() if value is not None}


class _Multipart:
    """One multipart request being read."""

    def __init__(self, request: web.Request, *, files: Files, limits: FileLimits, language: str) -> None:
        self._request = request
        self._files = files
        self._limits = limits
        self._language = language
        self._read = 0
        self._found = Incoming()

    async def read(self) -> Incoming:
        try:
            await self._parts(await self._request.multipart())
        except (ValueError, AssertionError, LookupError):
            self._found.discard(self._files)
            raise web.HTTPBadRequest(text="The form is malformed.") from None
        except BaseException:
            self._found.discard(self._files)
            raise
        return self._found

    async def _parts(self, reader: aiohttp.MultipartReader) -> None:
        for _ in range(_MAX_PARTS):
            part = await reader.next()
            if part is None:
                return
            if not isinstance(part, aiohttp.BodyPartReader):
                raise ValueError("a form within a form")
            await self._part(part)
        raise ValueError("more parts than the form has")

    async def _part(self, part: aiohttp.BodyPartReader) -> None:
        name = part.name or ""
        if part.filename is None:
            content = await self._bytes(part, _FIELD_LIMIT)
            if content is None:
                raise web.HTTPRequestEntityTooLarge(max_size=_FIELD_LIMIT, actual_size=_FIELD_LIMIT + 1)
            self._found.fields.setdefault(name, content.decode("utf-8", "replace"))
            return
        await self._file(part, shown_name(part.filename))

    async def _file(self, part: aiohttp.BodyPartReader, name: str) -> None:
        content = await self._bytes(part, self._limits.max_bytes)
        if content is not None and not content and not part.filename:
            return  # the browser's way to say that no file was chosen
        if len(self._found.files) >= self._limits.max_count:
            self._refuse("file_count", count=self._limits.max_count)
        elif content is None:
            self._refuse("file_large", name=name, megabytes=max(1, self._limits.max_bytes // 1024 // 1024))
        elif not content:
            self._refuse("file_empty", name=name)
        else:
            await self._keep(content, name, part.headers.get("Content-Type"))

    async def _keep(self, content: bytes, name: str, claimed: str | None) -> None:
        given = Attachment(kind=AttachmentKind.OTHER, content=content, content_type=claimed, filename=name)
        try:
            kept = await asyncio.to_thread(self._files.take_in, given, self._limits)
        except FileRefused:
            # Empty and too large were told apart above, so what is left is the type.
            self._refuse("file_type", name=name)
            return
        self._found.files.append(kept)
        self._found.digest_file(content)

    def _refuse(self, key: str, **values: object) -> None:
        self._found.fault = self._found.fault or FieldError("files", word(key, self._language, **values))

    async def _bytes(self, part: aiohttp.BodyPartReader, limit: int) -> bytes | None:
        """The part's content; None when it is longer than `limit`, of which no more is held."""
        content, over = bytearray(), False
        while chunk := await part.read_chunk(_CHUNK):
            self._read += len(chunk)
            if self._read > BODY_LIMIT:
                raise web.HTTPRequestEntityTooLarge(max_size=BODY_LIMIT, actual_size=self._read)
            over = over or len(content) + len(chunk) > limit
            if over:
                content.clear()
            else:
                content += chunk
        return None if over else bytes(content)


def shown_name(name: str) -> str:
    """A file's name without folders and without characters that deceive; never empty."""
    last = re.split(r"[/\\]", name)[-1]
    return _UNSHOWABLE.sub("", last).strip(" .")[-_MAX_FILENAME:] or "archivo"
