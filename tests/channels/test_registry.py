import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from channels.channel import ChannelSettings, NotAuthentic, RawRequest
from channels.registry import CHANNELS

DOCS = Path(__file__).parents[2] / "docs" / "channels"
PAGES = {"twilio": "sms.md", "africastalking": "ussd.md", "telegram": "telegram.md", "web": "web.md"}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize("provider", CHANNELS)
def test_a_channel_bears_the_name_of_its_settings(session: aiohttp.ClientSession, provider: str) -> None:
    url = "https://ventanilla.example.gov.co/webhooks/any-name"
    channel = CHANNELS[provider](ChannelSettings(name="any-name", country="CO", webhook_url=url), session)
    assert channel.name == "any-name"
    assert channel.capabilities.max_length > 0


@pytest.mark.parametrize("provider", sorted(CHANNELS.keys() - {"web"}))
def test_without_secrets_every_provider_refuses_everything(session: aiohttp.ClientSession, provider: str) -> None:
    channel = CHANNELS[provider](ChannelSettings(name="x", country="CO", webhook_url="https://x.example/x"), session)
    with pytest.raises(NotAuthentic):
        channel.verify(RawRequest(method="POST", url="https://x.example/x", tail="/", headers={}, query="", body=b""))


@pytest.mark.parametrize("provider", CHANNELS)
def test_every_provider_has_its_page(provider: str) -> None:
    assert (DOCS / PAGES[provider]).read_text("utf-8").startswith("# ")


def test_the_slow_library_is_imported_only_by_who_has_the_channel() -> None:
    program = "import sys, channels.registry; sys.exit('telegram' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603 - our own words
