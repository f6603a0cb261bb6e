"""Which adapter a configured provider means. The only module that imports the adapters.

A new provider is a file, its payloads, its tests with the contract suite, a page under docs/channels, and a line here.
"""

from collections.abc import Callable
from typing import Final

import aiohttp

from channels import africastalking_ussd, twilio_sms, web
from channels.channel import Channel, ChannelSettings

Build = Callable[[ChannelSettings, aiohttp.ClientSession], Channel]


def _telegram(settings: ChannelSettings, session: aiohttp.ClientSession) -> Channel:
    # python-telegram-bot takes a fifth of a second to import: only a gateway that has the channel pays for it.
    from channels import telegram

    return telegram.build(settings, session)


CHANNELS: Final[dict[str, Build]] = {
    "twilio": twilio_sms.build,
    "africastalking": africastalking_ussd.build,
    "telegram": _telegram,
    "web": web.build,
}
