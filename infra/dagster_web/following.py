"""Looking on until something has ended.

Belongs here: patience with a web server that is away for a while. What is looked at belongs to
whoever looks.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from infra.dagster_web.graphql import UnreachableError

POLL_S = 2.0
# A web server that is started again, by hand or by the launcher, is back within this time.
_PATIENCE_S = 120.0

Seen = TypeVar("Seen")


def follow(
    look: Callable[[], Seen],
    goes_on: Callable[[Seen], bool],
    tell: Callable[[Seen], None],
    *,
    poll_s: float = POLL_S,
    patience_s: float = _PATIENCE_S,
) -> Seen:
    """Looks again and again until nothing goes on any more.

    Args:
        look: Asks Dagster how far it is.
        goes_on: Whether what was seen is still going to change.
        tell: Told what is seen, every time, also the last.
        poll_s: How long to wait between two looks, in seconds.
        patience_s: How long Dagster may be silent, in seconds.

    Returns:
        What was seen last.

    Raises:
        UnreachableError: If Dagster does not answer for a long time. What was begun may go on.
    """
    answered = time.monotonic()
    while True:
        try:
            seen = look()
            answered = time.monotonic()
        except UnreachableError:
            if time.monotonic() - answered > patience_s:
                raise
        else:
            tell(seen)
            if not goes_on(seen):
                return seen
        time.sleep(poll_s)
