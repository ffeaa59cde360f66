"""What all tests share.

Belongs here: how they are spread over workers, and fixtures of more than one room.
"""

import socket
from collections.abc import Iterator

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_ROOM_OF_ITS_OWN = "tests/integration/test_marts.py"  # longer than a second platform takes to start


class ByRoom(LoadScopeScheduling):
    """A room's tests stay with one worker: what its conftest starts is started once."""

    def _split_scope(self, nodeid: str) -> str:
        path, _, _ = nodeid.partition("::")
        if path == _ROOM_OF_ITS_OWN:
            return path
        return "/".join(path.split("/")[1:-1][:2])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByRoom:
    """Spreads rooms over the workers of `make test`."""
    return ByRoom(config, log)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])
