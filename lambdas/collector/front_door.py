"""The distribution that may stand before the API, and what it alone can tell of a visitor.

Belongs here: recognising it and reading its headers. Which firewall it carries belongs to whoever
deploys it. An HTTP API cannot have a firewall itself, and its own address stays open; so what does
not come through the distribution is refused, by a key that only both know.

Source: CloudFront Developer Guide, "Add CloudFront request headers".
"""

import hmac
from collections.abc import Callable, Mapping

from lambdas.collector.logic import Client

KEY_HEADER = "x-clickstream-front-door"
KEY_MAX_AGE_S = 300


class PastTheFrontDoorError(Exception):
    """A request that came straight to the API."""


class FrontDoor:
    """A distribution before the API.

    Args:
        key: Gives the key; asked for each request, so that a new one is taken up.
    """

    def __init__(self, key: Callable[[], str]) -> None:
        self._key = key

    def client_of(self, headers: Mapping[str, str]) -> Client:
        """Who sent a request.

        Args:
            headers: The request's headers, their names in lower case.

        Raises:
            PastTheFrontDoorError: If the distribution did not pass it on.
        """
        if not hmac.compare_digest(headers.get(KEY_HEADER, "").encode(), self._key().encode()):
            raise PastTheFrontDoorError
        address, _, _port = headers.get("cloudfront-viewer-address", "").rpartition(":")
        return Client(
            address.strip("[]"),
            headers.get("user-agent", ""),
            headers.get("cloudfront-viewer-country"),
        )
