"""The question about hours, asked of a database that holds rows."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.core.conservation import TypeCounts
from clickstream_platform.core.conservation_sql import Question
from clickstream_platform.core.hours import HourRange
from tests.functional.batch.counted import TablesInMemory, row

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SINCE = NOW - timedelta(hours=23)
RECENT = NOW - timedelta(minutes=3)
HOURS = HourRange("2026-11-23-08", "2026-11-23-10")

_arrivals = st.sampled_from([SINCE - timedelta(seconds=1), SINCE, RECENT, NOW])
_rows = st.lists(
    st.builds(
        row,
        event_id=st.sampled_from("abcd"),
        hour=st.sampled_from(["2026-11-23-07", *HOURS.hours(), "2026-11-23-11"]),
        event_type=st.sampled_from(["click", "page_view"]),
        received_at=_arrivals,
        number=st.integers(1, 6),
        shard_id=st.sampled_from(["shardId-0", "shardId-1"]),
    ),
    max_size=20,
)


def ask(raw, compacted, hours=HOURS, expired=()):
    question = Question("raw_events", "events", hours, SINCE, RECENT, expired)
    return question.read(TablesInMemory(raw, compacted).query(question.sql()))


@settings(max_examples=40, deadline=None)
@given(_rows, _rows, st.sets(st.sampled_from(HOURS.hours())))
def test_the_answer_is_a_plain_count(raw, compacted, expired):
    found = {one.datehour: one for one in ask(raw, compacted, expired=sorted(expired))}
    wanted = {one[0] for one in raw + compacted} & set(HOURS.hours())
    assert found.keys() == wanted
    for hour, counts in found.items():
        archived = [one for one in raw if one[0] == hour]
        kept = [one for one in compacted if one[0] == hour]
        ids, kept_ids = {one[1] for one in archived}, {one[1] for one in kept}
        assert (counts.raw_rows, counts.raw_ids) == (len(archived), len(ids))
        assert (counts.rows, counts.ids) == (len(kept), len(kept_ids))
        assert counts.is_raw_expired == (hour in expired)
        assert counts.strays == (len(ids - kept_ids) if hour in expired else 0)
        arrivals = [one[3].replace(tzinfo=UTC) for one in archived]
        assert counts.first_received_at == min(arrivals, default=None)
        if arrivals and min(arrivals) >= SINCE:
            assert counts.types == by_type(archived, kept)
        else:
            assert not counts.types, "an hour that is not compared need not be told by type"


def by_type(archived, kept) -> dict[str, TypeCounts]:
    ids, records = defaultdict(set), defaultdict(set)
    recent, rows = Counter(), Counter(one[2] for one in kept)
    for _, event_id, event_type, received_at, shard_id, number in archived:
        ids[event_type].add(event_id)
        records[event_type].add((shard_id, number))
        recent[event_type] += received_at.replace(tzinfo=UTC) >= RECENT
    return {
        name: TypeCounts(len(records[name]), len(ids[name]), recent[name], rows[name])
        for name in ids.keys() | rows.keys()
    }


def test_without_a_run_every_hour_is_counted():
    rows = [
        row("a", hour, received_at=NOW, number=1) for hour in ("2015-05-17-10", "2026-01-01-00")
    ]
    assert [one.datehour for one in ask(rows, rows, hours=None)] == [one[0] for one in rows]


def test_years_of_expired_hours_make_a_question_that_athena_takes():
    """It takes 256 KB; the names of so many hours would be more."""
    expired = HourRange("2016-01-01-00", "2025-12-31-23").hours()
    question = Question("raw_events", "events", None, SINCE, RECENT, expired)
    assert len(question.sql()) < 10_000
