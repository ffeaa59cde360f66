"""What is derived from an event after it was accepted.

Belongs here: bot, browser, device and channel. Nothing here may reject an event, and nothing that
the real-time counters depend on may live here.
"""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
import ua_parser

from lambdas.shared.event import Event

_BOT_WORDS = ("bot", "crawl", "spider", "scrape", "slurp", "feed", "curl/", "wget", "python-")
_MOBILE_OS = frozenset({"Android", "iOS", "Windows Phone", "BlackBerry OS"})
_SEARCH = ("google.", "bing.", "duckduckgo.", "yahoo.", "baidu.", "yandex.", "ecosia.")
_SOCIAL = ("facebook.", "twitter.", "t.co", "linkedin.", "reddit.", "instagram.", "youtube.")


class Client(NamedTuple):
    """What a User-Agent says about the client."""

    is_bot: bool
    browser: str | None
    os: str | None
    device: str | None


@lru_cache(maxsize=4096)
def client_of(user_agent: str | None) -> Client:
    """Reads a User-Agent.

    Args:
        user_agent: The header as it came, or None.

    Returns:
        Bot or not, browser and OS family, and `desktop`, `mobile`, `tablet` or `bot`.
    """
    if not user_agent:
        return Client(False, None, None, None)
    parsed = ua_parser.parse(user_agent)
    browser = parsed.user_agent.family if parsed.user_agent else None
    os_family = parsed.os.family if parsed.os else None
    family = parsed.device.family if parsed.device else None
    lowered = user_agent.lower()
    is_bot = family == "Spider" or any(word in lowered for word in _BOT_WORDS)
    if is_bot:
        return Client(True, browser, os_family, "bot")
    if "ipad" in lowered or "tablet" in lowered:
        return Client(False, browser, os_family, "tablet")
    mobile = os_family in _MOBILE_OS or "mobile" in lowered
    return Client(False, browser, os_family, "mobile" if mobile else "desktop")


def channel_of(event: Event) -> str:
    """How the visitor came to this page: campaign, direct, internal, search, social, referral."""
    if event.utm_source or event.utm_campaign:
        return "campaign"
    host = _host(event.referrer)
    if host is None:
        return "direct"
    if host == event.page_host:
        return "internal"
    if any(name in host for name in _SEARCH):
        return "search"
    if any(name in host for name in _SOCIAL):
        return "social"
    return "referral"


def enrich(event: Event) -> Event:
    """The event with its derived fields; what the client gave is kept."""
    client = client_of(event.user_agent)
    return msgspec.structs.replace(
        event,
        is_bot=client.is_bot if event.is_bot is None else event.is_bot,
        browser=event.browser or client.browser,
        os=event.os or client.os,
        device=event.device or client.device,
        channel=event.channel or channel_of(event),
    )


def _host(address: str | None) -> str | None:
    if not address or address == "-":
        return None
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
