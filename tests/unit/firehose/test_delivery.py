"""Whatever the function answers and wherever the process dies, every record is delivered."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.firehose.names import PrefixError, evaluate, object_name
from infra.local.firehose.records import Account
from infra.local.firehose.transforming import Gathering
from infra.topology import build_topology
from lambdas.shared.lake import datehour_of_raw_key
from tests.unit.firehose.stores import (
    ARRIVED,
    OTHER,
    SHARD,
    STREAM,
    FakeS3,
    PowerCutError,
    Site,
    taken,
)


def row(number: str, hour: str, **fields: Any) -> dict[str, Any]:
    """The answer of a function that accepts a record."""
    data = json.dumps({"event_id": number, "sequence_number": number, **fields}).encode()
    return {
        "recordId": f"{SHARD}{number}000000",
        "result": "Ok",
        "data": base64.b64encode(data).decode(),
        "metadata": {"partitionKeys": {"datehour": hour}},
    }


def by_number(event: dict[str, Any]) -> dict[str, Any]:
    """A function that lays records into two hours, and drops each fifth."""
    found = []
    for one in event["records"]:
        number = one["kinesisRecordMetadata"]["sequenceNumber"]
        answer = row(number, f"2026-11-23-0{int(number) % 2}")
        if int(number) % 5 == 0:
            answer = {"recordId": "", "result": "Dropped", "data": ""}
        found.append({**answer, "recordId": one["recordId"]})
    return {"records": found}


def ids(s3: FakeS3) -> set[int]:
    return {int(one["event_id"]) for one in s3.rows()}


def test_rows_land_in_the_folder_of_their_hour_under_firehoses_names() -> None:
    site = Site(by_number, FakeS3())
    site.delivery.take([taken(number, b"{}") for number in range(1, 10)], now=0)
    assert site.delivery.deliver(now=0)
    assert not site.s3.objects  # nothing is due yet
    site.delivery.deliver(now=60)
    assert not site.settled.get(SHARD)  # transformed, and waiting for their hours
    site.delivery.deliver(now=120)
    assert sorted(map(datehour_of_raw_key, site.s3.objects)) == ["2026-11-23-00", "2026-11-23-01"]
    for key in site.s3.objects:
        assert key.rpartition("/")[2].startswith("clickstream-archive-1-2026-11-23-01-00-00-")
    assert ids(site.s3) == {1, 2, 3, 4, 6, 7, 8, 9}
    assert site.settled == {SHARD: "9"}


def test_a_call_is_due_by_size_and_never_larger_than_a_payload() -> None:
    gathering = Gathering(1000, 60)
    gathering.add([taken(number, b"x" * 400) for number in range(7)], now=0)
    assert [len(gathering.take(0)) for _ in range(3)] == [3, 3, 0]
    assert len(gathering.take(60)) == 1
    gathering = Gathering(10**9, 60)
    gathering.add([taken(number, b"x" * 2_000_000) for number in range(5)], now=0)
    assert [len(gathering.take(0)) for _ in range(2)] == [2, 2]


def answering(answer: Any) -> Site:
    site = Site(lambda _: answer, FakeS3())
    site.delivery.take([taken(1, b"payload")], now=0)
    site.delivery.deliver(now=0, at_once=True)
    return site


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"records": []}, "Lambda.MissingRecordId"),
        ({"records": [row("1", "h"), row("1", "h")]}, "Lambda.DuplicatedRecordId"),
        ({"records": [{**row("1", "h"), "recordId": "x"}]}, "Lambda.MissingRecordId"),
        (
            {"records": [{**row("1", "h"), "result": "ProcessingFailed"}]},
            "Lambda.ProcessingFailedStatus",
        ),
        ({"records": [{**row("1", "h"), "result": "OK"}]}, "Lambda.FunctionError"),
        ({"records": [{**row("1", "h"), "data": "%"}]}, "Lambda.FunctionError"),
        (None, "Lambda.FunctionError"),
        ({"records": [{**row("1", "h"), "data": "x" * 7_000_000}]}, "Lambda.FunctionError"),
    ],
)
def test_a_wrong_answer_fails_the_record_and_keeps_it(answer: Any, code: str) -> None:
    site = answering(answer)
    (found,) = site.s3.envelopes()
    assert (found["errorCode"], base64.b64decode(found["rawData"])) == (code, b"payload")
    (key,) = site.s3.objects
    assert key.startswith("undelivered/day=2026-11-23/processing-failed/")
    assert site.settled == {SHARD: "1"}


def test_a_row_that_does_not_fit_the_table_is_kept_apart() -> None:
    site = answering({"records": [row("1", "2026-11-23-00", event_time="yesterday")]})
    (found,) = site.s3.envelopes()
    assert found["lastErrorCode"] == "DataFormatConversion.ParseError"
    assert found["sequenceNumber"] == "1"
    (key,) = site.s3.objects
    assert key.startswith("undelivered/day=2026-11-23/format-conversion-failed/")


def test_more_hours_than_firehose_gathers_at_once_are_kept_apart() -> None:
    """A replay of old logs spans more hours than its 500 partitions: none of them may be lost."""
    answers = {"records": [row(str(number), f"h{number}") for number in range(1, 4)]}
    site = Site(lambda _: answers, FakeS3(), replace(STREAM, max_partitions=2))
    site.delivery.take([taken(number, b"{}") for number in range(1, 4)], now=0)
    site.delivery.deliver(now=0, at_once=True)
    assert ids(site.s3) == {1, 2}
    (found,) = site.s3.envelopes()
    assert found["errorCode"] == "DynamicPartitioning.ActivePartitionsLimitExceeded"
    assert json.loads(base64.b64decode(found["rawData"]))["sequence_number"] == "3"
    assert site.settled == {SHARD: "3"}


def test_a_call_that_fails_is_tried_again() -> None:
    calls = []

    def failing(event: dict[str, Any]) -> dict[str, Any]:
        calls.append(event)
        if len(calls) < 4:
            raise TimeoutError
        return by_number(event)

    site = Site(failing, FakeS3())
    site.delivery.take([taken(1, b"{}")], now=0)
    site.delivery.deliver(now=0, at_once=True)
    assert (len(calls), ids(site.s3)) == (4, {1})


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=8),
    st.integers(0, 6),
    st.integers(1, 8),
)
def test_a_death_between_writing_and_noting_loses_nothing(
    steps: list[tuple[int, bool]], faults: int, lives: int
) -> None:
    """The process that comes after reads on behind what was noted, and all is there in the end."""
    s3, last = FakeS3(faults, lives), sum(count for count, _ in steps)
    site = Site(by_number, s3)
    number = 0
    try:
        for count, at_once in steps:
            records = [taken(number + step, b"{}") for step in range(1, count + 1)]
            site.delivery.take(records, now=number)
            number += count
            site.delivery.deliver(now=number * 20, at_once=at_once)
    except PowerCutError:
        pass
    settled = site.settled.get(SHARD, "0")
    s3.lives = None
    after = Site(by_number, s3)
    after.delivery.take([taken(one, b"{}") for one in range(int(settled) + 1, last + 1)], now=0)
    while not after.delivery.deliver(now=0, at_once=True):
        pass
    assert ids(s3) == {one for one in range(1, last + 1) if one % 5}
    assert after.settled.get(SHARD, settled) == str(last)


@settings(deadline=None)
@given(st.data())
def test_a_shard_is_read_on_only_behind_what_is_delivered(data: st.DataObject) -> None:
    account, records = Account(), []
    for number in range(1, data.draw(st.integers(1, 20)) + 1):
        records.append(taken(number, b"", data.draw(st.sampled_from([SHARD, OTHER]))))
        account.take(records[-1])
    noted: dict[str, int] = {}
    open_ = set(records)
    for one in data.draw(st.permutations(records)):
        noted |= {shard: int(at) for shard, at in account.settle([one]).items()}
        open_.discard(one)
        for left in open_:
            assert int(left.record.sequence_number) > noted.get(left.shard_id, 0)
    for shard_id in {one.shard_id for one in records}:
        assert account.waiting(shard_id) == (0, None)
        mine = [int(one.record.sequence_number) for one in records if one.shard_id == shard_id]
        assert noted[shard_id] == max(mine)


def test_names() -> None:
    oldest = datetime.fromtimestamp(ARRIVED, UTC)
    keys = {"datehour": "2015-05-17-10"}
    assert evaluate(STREAM.prefix, oldest, partition_keys=keys) == "raw/datehour=2015-05-17-10/"
    assert (
        evaluate(STREAM.error_prefix, oldest, error_type="processing-failed")
        == "undelivered/day=2026-11-23/processing-failed/"
    )
    with pytest.raises(PrefixError):
        evaluate(STREAM.prefix, oldest)
    assert object_name("d", oldest) != object_name("d", oldest)


def test_a_profile_has_its_own_archive_and_not_the_others() -> None:
    """Both at once would archive everything twice, neither nothing."""
    ours, firehose = build_topology(), build_topology(delivery="firehose")
    assert not ours.delivery_streams
    packages = [[one.package for one in topology.functions] for topology in (ours, firehose)]
    assert packages[0] == ["collector", "event_processor", "aggregator", "anomaly_detector"]
    assert packages[1] == ["collector", "firehose_transform", "aggregator", "anomaly_detector"]
    for topology in (ours, firehose):
        read = [one.package for one in topology.stream_functions]
        assert read == [one.package for one in topology.functions[1:]]
    (stream,) = firehose.delivery_streams
    transform = firehose.function("firehose_transform")
    assert (stream.transform, transform.mapping) == (transform.name, None)
    assert stream.buffer_mb >= 64  # Firehose takes no less where it partitions or converts
    assert 0.2 <= stream.transform_buffer_mb <= 3
    tables = {table.name: table for table in firehose.glue_tables}
    assert stream.prefix.startswith(tables[stream.schema_table].location_prefix)


def test_while_the_profile_changes_both_archive() -> None:
    """In one step, what the mapping was gathering would be in neither."""
    ours, changing, firehose = (
        build_topology(delivery=one) for one in ("lambda", "both", "firehose")
    )
    assert {one.name for one in changing.functions} == {
        one.name for topology in (ours, firehose) for one in topology.functions
    }
    assert changing.function("event_processor") == ours.function("event_processor")
    assert changing.delivery_streams == firehose.delivery_streams
    assert [one.package for one in changing.stream_functions][:2] == [
        "event_processor",
        "firehose_transform",
    ]
