"""Looking on while the web server comes and goes."""

import pytest

from infra.dagster_web.following import follow
from infra.dagster_web.graphql import UnreachableError


class Scripted:
    """Answers as told; an error is raised."""

    def __init__(self, *script: object) -> None:
        self.script = list(script)

    def look(self) -> object:
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


AWAY = UnreachableError("it is started again")


def test_a_web_server_that_is_started_again_is_waited_for() -> None:
    told: list[object] = []
    scripted = Scripted("queued", AWAY, AWAY, "done")
    ended = follow(scripted.look, lambda seen: seen != "done", told.append, poll_s=0)
    assert (ended, told) == ("done", ["queued", "done"])


def test_one_that_stays_away_is_not_waited_for_for_ever() -> None:
    scripted = Scripted("queued", AWAY, "done")
    with pytest.raises(UnreachableError):
        follow(
            scripted.look, lambda seen: seen != "done", lambda _: None, poll_s=0, patience_s=-1.0
        )
