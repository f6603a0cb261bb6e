"""The files that pages need, as they travel."""

import gzip

import aiohttp

from gateway.web.static import assets
from tests.support.running import Running

ACCEPTED = {
    "gzip, deflate, br": True,
    "br;q=1.0, GZIP;q=0.8": True,
    "*": True,
    "br, *;q=0.1, gzip ; q=0": False,
    "gzip;q=0.000": False,
    "identity": False,
    "": False,
}


async def test_files_travel_compressed_to_who_takes_that_and_pages_never_do(ventanilla: Running) -> None:
    async with aiohttp.ClientSession(auto_decompress=False, base_url=ventanilla.internal) as http:
        for accepted, packed in ACCEPTED.items():
            asked = {"Accept-Encoding": accepted}
            async with http.get("/static/app.css", headers=asked) as answer:
                body = await answer.read()
            assert (answer.status, answer.headers.get("Content-Encoding")) == (200, "gzip" if packed else None), (
                accepted
            )
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert (gzip.decompress(body) if packed else body) == assets()["app.css"].body
            async with http.get("/login", headers=asked) as page:
                assert "Ventanilla" in (await page.read()).decode()
            assert "Content-Encoding" not in page.headers
        for name, asset in assets().items():
            async with http.get(f"/static/{name}", headers={"Accept-Encoding": "gzip"}) as answer:
                body = await answer.read()
            assert gzip.decompress(body) == asset.body
            assert len(body) < len(asset.body), name


async def test_a_file_that_is_known_is_not_sent_again_unless_it_was_another_representation(ventanilla: Running) -> None:
    async with aiohttp.ClientSession(auto_decompress=False, base_url=ventanilla.internal) as http:
        tags = {}
        for accepted in ("gzip", "identity"):
            async with http.get("/static/app.css", headers={"Accept-Encoding": accepted}) as answer:
                tags[accepted] = answer.headers["ETag"]
        plain, packed = tags["identity"], tags["gzip"]
        for known, status in ((packed, 304), (f'"x", W/{packed}', 304), ("*", 304), (plain, 200), ('"x"', 200)):
            asked = {"Accept-Encoding": "gzip", "If-None-Match": known}
            async with http.get("/static/app.css", headers=asked) as answer:
                body = await answer.read()
            assert (answer.status, answer.headers["ETag"], bool(body)) == (status, packed, status == 200), known
            assert answer.headers["Vary"] == "Accept-Encoding"
    assert plain != packed
