"""Pages of lists: `MaxResults` and `NextToken`.

Belongs here: the token format (a position). Does not belong here: what is listed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.local.athena.errors import invalid_request

_DEFAULT = 50


def position_of(request: Mapping[str, Any]) -> int:
    """Return the position a request's `NextToken` stands for; 0 without one.

    Raises:
        ApiError: The token is not ours.
    """
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise invalid_request("NextToken is invalid")
    return int(token)


def page(items: Sequence[object], request: Mapping[str, Any], name: str) -> dict[str, object]:
    """Return one page of a list as a response.

    Args:
        items: The whole list.
        request: With optional `MaxResults` and `NextToken`.
        name: The response member that holds the items.
    """
    start = position_of(request)
    end = start + int(request.get("MaxResults") or _DEFAULT)
    answer: dict[str, object] = {name: list(items[start:end])}
    if end < len(items):
        answer["NextToken"] = str(end)
    return answer
