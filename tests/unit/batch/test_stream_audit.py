"""What the stream took, against what lies in the archive and the quarantine."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.core.stream_audit import (
    Evidence,
    Findings,
    Position,
    Record,
    ShardAudit,
    Span,
    redriven_positions,
)
from lambdas.shared.redriven import Redriven

SHARD = "shardId-000000000000"
START = datetime(2026, 11, 23, 8, tzinfo=UTC)


def at(number: int) -> Position:
    return Position(SHARD, number)


def record(number: int, redriven: Redriven | None = None) -> Record:
    return Record(at(number), START + timedelta(seconds=number), redriven)


def evidence(*batches: tuple[int, int, set[int]]) -> Evidence:
    """Objects by their first and last sequence number, and what they hold of these."""
    held = {
        f"{SHARD}-{first}-{last}-{index}": (
            Span(f"{SHARD}-{first}-{last}-{index}", SHARD, first, last),
            numbers,
        )
        for index, (first, last, numbers) in enumerate(batches)
    }
    return Evidence(
        [span for span, _ in held.values()],
        lambda keys: [{at(number) for number in held[key][1]} for key in keys],
    )


def audited(
    records, archived=(), quarantined=(), redriven=frozenset(), page=3, erased=frozenset()
) -> Findings:
    audit = ShardAudit(evidence(*archived), evidence(*quarantined), redriven, erased)
    for first in range(0, len(records), page):
        audit.take(records[first : first + page])
    return audit.findings


def test_every_record_is_in_one_or_the_other():
    found = audited([record(n) for n in range(6)], [(0, 5, {0, 1, 3, 5})], [(0, 5, {2, 4})])
    assert (found.records, found.archived, found.quarantined) == (6, 4, 2)
    assert found.is_conserved


def test_missing_records_are_named_as_ranges_over_pages():
    found = audited([record(n * 10) for n in range(8)], [(0, 70, {0, 10, 50})])
    assert not found.is_conserved
    assert found.missing == 5
    assert [(gap.first, gap.last, gap.records) for gap in found.gaps] == [(20, 40, 3), (60, 70, 2)]
    assert found.gaps[0].since == START + timedelta(seconds=20)
    assert found.gaps[0].until == START + timedelta(seconds=40)
    assert found.clean_until(START + timedelta(hours=1)) == START + timedelta(seconds=19)


def test_a_record_that_was_archived_in_several_objects_is_one():
    found = audited([record(1), record(2)], [(1, 2, {1, 2}), (1, 1, {1}), (2, 9, {2})])
    assert (found.archived, found.is_conserved) == (2, True)


def test_what_was_redriven_for_another_function_need_not_be_archived():
    mark = Redriven("aggregator", ((SHARD, "1"),))
    found = audited([record(1), record(2, mark)], [(1, 2, {1})])
    assert (found.for_other_functions, found.missing) == (1, 0)


def test_what_was_redriven_for_the_archive_must_be():
    mark = Redriven("event_processor", ((SHARD, "1"),))
    assert audited([record(2, mark)]).missing == 1


def test_a_record_that_was_given_up_is_accounted_for_where_it_was_redriven_to():
    again = record(9, Redriven("event_processor", ((SHARD, "1"), (SHARD, "4"))))
    others = record(8, Redriven("anomaly_detector", ((SHARD, "2"),)))
    redriven = redriven_positions([record(7), others, again])
    found = audited([record(1), record(2)], redriven=redriven)
    assert (found.redriven, found.missing) == (1, 1)


def test_what_was_erased_is_not_missing_and_what_is_lost_beside_it_is():
    records = [record(number) for number in range(1, 6)]
    found = audited(records, [(1, 5, {1, 2})], erased={at(2), at(3), at(4)})
    assert (found.archived, found.erased, found.missing) == (2, 2, 1), "2 is there, noted or not"
    assert [(gap.first, gap.records) for gap in found.gaps] == [(5, 1)]


def test_an_erased_record_ends_a_gap():
    """A gap is a range to redrive; what was erased must not be brought back by it."""
    found = audited([record(1), record(2), record(3)], erased={at(2)})
    assert [(gap.first, gap.last) for gap in found.gaps] == [(1, 1), (3, 3)]


def test_a_record_in_both_is_a_contradiction():
    found = audited([record(1)], [(1, 1, {1})], [(1, 1, {1})])
    assert (found.in_both, found.is_conserved) == (1, False)


@pytest.mark.parametrize("number", [2, 4, 5])
def test_what_the_stream_never_had_is_found_also_between_two_pages(number):
    records = [record(1), record(3), record(6)]
    found = audited(records, [(1, 6, {1, 3, 6, number})], page=1)
    assert (found.invented, found.invented_sample) == (1, at(number))


def test_what_lies_before_and_behind_the_window_is_not_judged():
    found = audited([record(5), record(6)], [(1, 9, {1, 4, 5, 6, 7, 9})])
    assert (found.archived, found.invented) == (2, 0)


def test_each_object_is_read_once_and_forgotten_when_it_lies_behind():
    """An hour of a full shard is 3.6 million records; all of their positions are 400 MB."""
    reads, kept = [], []

    class Watching(Evidence):
        def between(self, first, last):
            found = super().between(first, last)
            kept.append(len(self._near))
            return found

    spans = [Span(f"key-{n}", SHARD, n * 10, n * 10 + 9) for n in range(100)]

    def read(keys):
        reads.extend(keys)
        return [{at(int(key[4:]) * 10 + n) for n in range(10)} for key in keys]

    audit = ShardAudit(Watching(reversed(spans), read), evidence(), frozenset(), frozenset())
    for first in range(0, 1000, 4):
        audit.take([record(n) for n in range(first, first + 4)])
    assert audit.findings.is_conserved
    assert sorted(reads) == sorted(span.key for span in spans)
    assert max(kept) <= 2


numbers = st.sets(st.integers(0, 40))


@settings(max_examples=300, deadline=None)
@given(numbers, numbers, numbers, numbers, numbers, st.integers(1, 7), st.randoms())
def test_the_findings_are_those_of_sets(stream, archived, quarantined, again, gone, page, chance):
    """In whatever pages the stream is read and batches were archived, some of them twice."""

    def batches(held: set[int]) -> list[tuple[int, int, set[int]]]:
        found, left = [], sorted(held)
        while left:
            size = chance.randint(1, len(left))
            found.append((left[0], left[size - 1], set(left[:size])))
            left = left[size if chance.random() < 0.7 else max(1, size - 2) :]
        return found

    records = [record(number) for number in sorted(stream)]
    redriven = {at(number) for number in again}
    erased = {at(number) for number in gone}
    found = audited(records, batches(archived), batches(quarantined), redriven, page, erased)
    window = range(min(stream), max(stream) + 1) if stream else range(0)
    held = archived | quarantined
    lost = stream - held - again - gone
    assert found.records == len(stream)
    assert found.archived == len(stream & archived)
    assert found.quarantined == len(stream & quarantined)
    assert found.in_both == len(stream & archived & quarantined)
    assert found.redriven == len((stream - held) & again)
    assert found.erased == len(((stream - held) & gone) - again)
    assert found.missing == len(lost)
    assert found.invented == len({number for number in held - stream if number in window})
    assert sum(gap.records for gap in found.gaps) == len(lost)
    assert {gap.first for gap in found.gaps} | {gap.last for gap in found.gaps} <= lost


def test_findings_of_shards_add_up():
    one = audited([record(1), record(4)], erased={at(4)})
    other = audited([record(2), record(3)], [(2, 4, {2, 3})])
    other.add(one)
    assert (other.records, other.archived, other.erased, other.missing) == (4, 2, 1, 1)
    assert other.missing_since == START + timedelta(seconds=1)
    assert [gap.first for gap in other.gaps] == [1]
