"""Visits cut into sessions.

Belongs here: the rule of inactivity, for sources that know visitors but no sessions. Reading such
sources belongs in `access_log`.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

INACTIVITY = timedelta(minutes=30)


def sessionise(visits: Iterable[tuple[str, datetime]]) -> Iterator[str]:
    """Gives each visit its session.

    A visitor's session ends when more than `INACTIVITY` passes without a visit; a pause of exactly
    that length does not end it. The id follows from visitor and start, so that reading the same
    visits again gives the same sessions.

    Args:
        visits: Visitor and aware time of each visit, in order of time.

    Yields:
        The session id of each visit, in the order given.
    """
    current: dict[str, tuple[str, datetime]] = {}
    for visitor, at in visits:
        session, last = current.get(visitor, (None, at))
        if session is None or at - last > INACTIVITY:
            session = _session_id(visitor, at)
        current[visitor] = (session, at)
        yield session


def _session_id(visitor: str, start: datetime) -> str:
    return hashlib.blake2b(f"{visitor}|{start.isoformat()}".encode(), digest_size=16).hexdigest()
