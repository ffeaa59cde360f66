"""Who the person is: digests, links, portions."""

from clickstream_platform.core.erasure import (
    Given,
    Links,
    Person,
    digest_of,
    read_links,
    read_rows,
)
from clickstream_platform.core.erasure_sql import (
    ID_COLUMNS,
    event_condition,
    links_sql,
    mart_condition,
    mart_rows_sql,
    rows_sql,
)

SALT = "5a17"


def test_the_same_ids_in_any_order_are_the_same_request() -> None:
    one = Given(("a", "b"), ("c",))
    assert one.digest(SALT) == Given(("b", "a", "a"), ("c",)).digest(SALT)
    others = [Given(("a", "b", "c")), Given(("a", "b"), ("c",), with_linked=False), Given(("a",))]
    assert len({one.digest(SALT), *(other.digest(SALT) for other in others)}) == 4
    assert one.digest(SALT) != one.digest("other")


def test_two_ids_cannot_be_taken_for_two_others() -> None:
    """A separator between ids would let ('a b') pass for ('a', 'b')."""
    assert Given(("a b",)).digest(SALT) != Given(("a", "b")).digest(SALT)
    assert Given(("a",), ("b",)).digest(SALT) != Given(("a", "b")).digest(SALT)


def test_a_digest_is_of_the_salt_and_the_id() -> None:
    assert digest_of("anna", SALT) != digest_of("anna", "5a18")
    assert len(digest_of("anna", SALT)) == 32
    assert digest_of("\ud800", SALT)  # a payload may hold half a character


def test_links_are_added_to_what_is_known() -> None:
    person = Person.of(Given(("u",), ("d",)), SALT)
    joined = person.joined(Links(frozenset({"x"}), frozenset({"y"})))
    assert joined.devices == person.devices | {"x"}
    assert (joined.sessions, joined.users) == (frozenset({"y"}), person.users)


def test_a_person_of_many_sessions_is_asked_for_in_portions() -> None:
    """Athena takes statements of 262,144 bytes."""
    sessions = frozenset(f"{number:032d}" for number in range(4_000))
    person = Person(SALT, frozenset({"u" * 32}), frozenset({"d" * 32}), sessions)
    portions = list(person.portions())
    assert [len(part.users) for part in portions] == [1, 0, 0]
    assert frozenset().union(*(part.sessions for part in portions)) == sessions
    assert frozenset().union(*(part.devices for part in portions)) == person.devices
    for part in portions:
        assert len(mart_rows_sql(part, "sessions", ID_COLUMNS) or "") < 262_144
        assert len(rows_sql(part, ("events", "raw_events"))) < 262_144


def test_a_person_without_links_is_one_portion() -> None:
    person = Person(SALT, frozenset({"u"}))
    assert list(person.portions()) == [person]


def test_nothing_that_was_given_is_part_of_a_statement() -> None:
    person = Person.of(Given(("anna'; DROP TABLE",), ("device",)), SALT)
    for sql in (links_sql(person, ("events",)), rows_sql(person, ("events",))):
        assert "anna" not in sql
        assert "'device'" not in sql.replace("'device' AS kind", "")


def test_a_column_that_is_not_there_is_nobodys() -> None:
    person = Person(SALT, frozenset({"u"}))
    assert event_condition(set(), person) == "(false OR (true AND (false OR false)))"
    assert mart_condition({"views"}, person) is None
    assert mart_rows_sql(person, "page_views_hourly", {"views"}) is None


def test_athenas_answers_are_read() -> None:
    rows = [
        {"kind": "device", "digest": "a", "is_own": "true", "is_shared": "false"},
        {"kind": "device", "digest": "b", "is_own": "false", "is_shared": "true"},
        {"kind": "device", "digest": "c", "is_own": "true", "is_shared": "true"},  # given
        {"kind": "session", "digest": "d", "is_own": "true", "is_shared": "false"},
    ]
    assert read_links(rows) == Links(frozenset("ac"), frozenset("d"), 2, 0)
    found = read_rows(
        [
            [
                {
                    "source": "events",
                    "datehour": "2015-05-17-10",
                    "row_count": "2",
                    "last_received_at": "2015-05-17 10:00:01.123456",
                },
                {
                    "source": "raw_events",
                    "datehour": "2015-05-17-09",
                    "row_count": "1",
                    "last_received_at": None,
                },
            ],
            [],
        ]
    )
    assert found.hours == ["2015-05-17-09", "2015-05-17-10"]
    assert (found.total("events"), found.total("raw_events")) == (2, 1)
    assert found.last_received_at == "2015-05-17T10:00:01Z"
