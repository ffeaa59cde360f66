from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from infra.clients.sessions import sessionise

NOON = datetime(2015, 5, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def sessions_of(*minutes: float, visitor: str = "v") -> list[str]:
    return list(sessionise((visitor, NOON + minute * MINUTE) for minute in minutes))


def test_a_pause_of_exactly_thirty_minutes_stays_in_the_session():
    assert len(set(sessions_of(0, 30))) == 1


def test_a_longer_pause_starts_a_session():
    assert len(set(sessions_of(0, 30 + 1 / 60))) == 2


def test_inactivity_counts_from_the_last_visit_not_the_first():
    assert len(set(sessions_of(0, 25, 50, 75))) == 1


def test_visitors_do_not_share_sessions():
    assert sessions_of(0, visitor="a") != sessions_of(0, visitor="b")


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 200)), max_size=40),
)
def test_sessions_are_those_of_the_definition(visits: list[tuple[str, int]]):
    """Two visits share a session iff no pause of more than 30 minutes lies between them."""
    visits = sorted(visits, key=lambda visit: visit[1])
    given_sessions = list(sessionise((who, NOON + minute * MINUTE) for who, minute in visits))

    def together(first: int, second: int) -> bool:
        (who, start), (other, end) = visits[first], visits[second]
        own = [minute for name, minute in visits if name == who and start <= minute <= end]
        return who == other and all(b - a <= 30 for a, b in pairwise(own))

    for second in range(len(visits)):
        for first in range(second + 1):
            same = given_sessions[first] == given_sessions[second]
            assert same == together(first, second)
