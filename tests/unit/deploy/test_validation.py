"""What a validation sends, and what it concludes from what it sees."""

import json
from datetime import UTC, datetime
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.deploy.validation import text
from infra.deploy.validation.following import follow
from infra.deploy.validation.marks import Run, moment
from infra.deploy.validation.sending import NotAcceptedError, by_collector, by_stream
from infra.deploy.validation.stages import Seen, Stage, archived, in_the_lake
from infra.topology import build_topology
from lambdas.anomaly_detector.rules import Thresholds, is_suspicious
from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.enrichment import enrich
from lambdas.shared.lake import datehour_of
from lambdas.shared.limits import Limits
from tests.unit.deploy.fake_site import ACCOUNT, fake_site

NOW = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)
TOPOLOGY = build_topology(ACCOUNT)


def test_its_events_are_a_bots_and_cause_no_alert():
    """Without these marks every validation would be a visitor, a session and an alert."""
    run = Run.begin(NOW, 2)
    payloads = run.payloads(NOW)
    assert len({one["event_id"] for one in payloads}) == 2
    for payload in payloads:
        data = json.dumps(payload).encode()
        event = enrich(decode_record(StreamRecord("shard", "1", NOW, data, run.id), Limits()))
        assert event.is_bot
        assert (event.user_agent, event.page) == (None, None)
    assert not is_suspicious("clickstream-client", Thresholds())  # what the collector adds


@pytest.mark.parametrize("minute", [0, 34, 59])
def test_the_last_hour_is_over_and_the_next_to_be_rolled_up(minute):
    now = NOW.replace(minute=minute, second=0)
    assert datehour_of(moment(now, of_last_hour=True)) == "2026-11-23-11"
    assert datehour_of(moment(now, of_last_hour=False)) == "2026-11-23-12"


def test_an_id_says_all_that_is_needed_to_look_again():
    run = Run.begin(NOW, 7)
    assert Run.of_id(run.id) == run
    assert (run.datehour, run.events) == ("2026-11-23-12", 7)


@pytest.mark.parametrize(
    "text_",
    [
        "",
        "s1",
        "validation-2026-11-23-12-7-xyz",
        "validation-2026-11-23-25-7-0123abcd",
        "validation-2026-11-23-12-0-0123abcd",
        "validation-2026-11-23-12-7-0123abcd' OR '1' = '1",
    ],
)
def test_no_other_text_is_taken_for_an_id(text_):
    """It becomes part of a statement."""
    with pytest.raises(ValueError, match="no"):
        Run.of_id(text_)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def stage(name: str, clock: Clock, *steps: tuple[float, Seen]) -> Stage:
    """A stage that shows each step from its second on."""

    def look() -> Seen:
        return [seen for since, seen in steps if since <= clock.now][-1]

    return Stage(name, f"store of {name}", f"function of {name}", look)


NOTHING = (0.0, Seen(0))


def test_each_stage_has_its_own_time():
    clock, told = Clock(), []
    stages = [
        stage("counted", clock, NOTHING, (1, Seen(3)), (2, Seen(5))),
        stage("archived", clock, NOTHING, (60, Seen(5))),
    ]
    outcomes = follow(stages, 5, 180, told.append, clock=clock, sleep=clock.sleep)
    counted, archived_ = outcomes
    assert told == outcomes
    assert all(one.is_right(5) for one in outcomes)
    assert 2 <= (counted.seconds or 0) < 3
    assert 60 <= (archived_.seconds or 0) < 66


def test_a_stage_that_does_not_see_them_is_named_after_the_time_is_over():
    clock, run = Clock(), Run.begin(NOW, 5)
    stages = [stage("counted", clock, (0, Seen(5))), stage("archived", clock, (0, Seen(4)))]
    outcomes = follow(stages, 5, 30, lambda _: None, clock=clock, sleep=clock.sleep)
    assert clock.now == pytest.approx(30)
    assert list(text.faults(outcomes, run, 30)) == [
        "archived: 4 of 5 events seen within 30 s in store of archived. They are brought there by "
        "function of archived"
    ]


def test_what_is_counted_twice_later_is_noticed():
    """A redelivery without a fence looks right at first."""
    clock, run = Clock(), Run.begin(NOW, 5)
    stages = [
        stage("counted", clock, (0, Seen(5)), (3, Seen(5, 5))),
        stage("archived", clock, NOTHING, (10, Seen(5))),
    ]
    outcomes = follow(stages, 5, 30, lambda _: None, clock=clock, sleep=clock.sleep)
    (fault,) = text.faults(outcomes, run, 30)
    assert fault.startswith("counted: 10 instead of 5")
    assert '"is_right": false' in text.as_json(run, 0.1, outcomes)


class FakeS3:
    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.reads: list[str] = []

    def put(self, key: str, rows: list[tuple[str, str]], at: datetime) -> None:
        body = BytesIO()
        names, sessions = zip(*rows, strict=True)
        pq.write_table(pa.table({"event_id": names, "session_id": sessions}), body)
        self.objects[key] = (body.getvalue(), at)

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Any:  # noqa: N803
        yield {
            "Contents": [
                {"Key": key, "ETag": str(hash(body)), "LastModified": at}
                for key, (body, at) in self.objects.items()
                if key.startswith(Prefix)
            ]
        }

    def get_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803
        self.reads.append(Key)
        return {"Body": BytesIO(self.objects[Key][0])}


def test_raw_objects_are_read_once_and_only_new_ones():
    """An hour of a busy site has gigabytes of them."""
    s3, run = FakeS3(), Run.begin(NOW, 2)
    look = archived({"s3": s3}.__getitem__, TOPOLOGY, run, NOW).look
    prefix = f"raw/datehour={run.datehour}/"
    s3.put(f"{prefix}old.parquet", [("x", run.id)], NOW.replace(minute=1))
    assert look() == Seen(0)
    s3.put(f"{prefix}a.parquet", [("e1", run.id), ("other", "s1")], NOW)
    s3.put(f"{prefix}b.parquet", [("e1", run.id), ("e2", run.id)], NOW)
    assert [look(), look()] == [Seen(2), Seen(2)]
    assert s3.reads == [f"{prefix}a.parquet", f"{prefix}b.parquet"]


class FakeGlue:
    exceptions = SimpleNamespace(EntityNotFoundException=LookupError)

    def __init__(self) -> None:
        self.location: str | None = None

    def get_partition(self, **_: Any) -> Any:
        if self.location is None:
            raise LookupError
        return {"Partition": {"StorageDescriptor": {"Location": self.location}}}


class FakeAthena:
    def __init__(self, rows: list[tuple[str, str]]) -> None:
        self.rows = rows
        self.asked = 0

    def start_query_execution(self, **_: Any) -> Any:
        self.asked += 1
        return {"QueryExecutionId": "q"}

    def get_query_execution(self, **_: Any) -> Any:
        execution = {"Status": {"State": "SUCCEEDED"}, "Statistics": {}, "StatementType": "DML"}
        return {"QueryExecution": execution}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        row = self.rows[self.asked - 1]
        columns = {"ColumnInfo": [{"Name": "_col0"}, {"Name": "_col1"}]}
        data = [{"Data": [{"VarCharValue": cell} for cell in row]}]
        yield {"ResultSet": {"ResultSetMetadata": columns, "Rows": data}}


def test_athena_is_asked_once_for_each_generation():
    """Looking for an hour would otherwise be paid for five hundred times."""
    glue, athena = FakeGlue(), FakeAthena([("0", "0"), ("3", "2")])
    clients = {"glue": glue, "athena": athena}.__getitem__
    look = in_the_lake(clients, TOPOLOGY, Run.begin(NOW, 2)).look
    assert (look(), athena.asked) == (Seen(0), 0)
    glue.location = "s3://lake/events/gen=1/"
    assert [look(), look(), athena.asked] == [Seen(0), Seen(0), 1]
    glue.location = "s3://lake/events/gen=2/"
    assert [look(), look(), athena.asked] == [Seen(2, 1), Seen(2, 1), 2]


class FakeKinesis:
    def __init__(self, failed: int) -> None:
        self.failed = failed
        self.records: list[Any] = []

    def put_records(self, StreamName: str, Records: list[Any]) -> Any:  # noqa: N803
        self.records += Records
        code = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow"}
        return {"FailedRecordCount": self.failed, "Records": [{}] * 3 + [code] * self.failed}


def test_refusals_are_told():
    run = Run.begin(NOW, 2)
    kinesis = FakeKinesis(0)
    by_stream({"kinesis": kinesis}.__getitem__, "s")(run.payloads(NOW))
    assert [one["PartitionKey"] for one in kinesis.records] == [run.id, run.id]
    with pytest.raises(NotAcceptedError, match="refuses 1 records \\(Provisioned"):
        by_stream({"kinesis": FakeKinesis(1)}.__getitem__, "s")(run.payloads(NOW))
    with pytest.raises(NotAcceptedError, match="nothing answers"):
        by_collector("http://127.0.0.1:1", 0.1)(run.payloads(NOW))
    with pytest.raises(NotAcceptedError, match="address"):
        by_collector("nowhere", 0.1)(run.payloads(NOW))


def test_what_stays_is_said():
    run = Run.begin(NOW, 2)
    assert f"erase --anonymous-id {run.id}" in " ".join(text.what_stays(run, fake_site()))
