"""The real resources against moto in this process: what the fakes stand for."""

from datetime import UTC, datetime
from io import BytesIO

import boto3
import pytest
from moto import mock_aws

from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.schema import IncompatibleColumnError
from clickstream_platform.resources import catalog as catalog_module
from clickstream_platform.resources.catalog import CatalogError, CatalogResource, Placement
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.raw_object_queue import RawObjectQueueResource
from lambdas.shared.columns import Column
from lambdas.shared.lake import raw_prefix

HOURS = HourRange("2015-05-17-00", "2015-05-27-09").hours()  # 250: three batches for Glue


@pytest.fixture(autouse=True)
def aws(monkeypatch):
    """An account of its own, even where an embedded AWS is configured."""
    for name in ("", "_S3", "_SQS", "_GLUE", "_ATHENA", "_QUICKSIGHT"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL{name}", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.fixture
def catalog() -> CatalogResource:
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": "clickstream_db"})
    storage = {"Columns": [{"Name": "event_id", "Type": "string"}], "Location": "s3://lake/events/"}
    glue.create_table(
        DatabaseName="clickstream_db",
        TableInput={
            "Name": "events",
            "StorageDescriptor": storage,
            "PartitionKeys": [{"Name": "datehour", "Type": "string"}],
        },
    )
    return CatalogResource(database="clickstream_db")


def places(generation: str, hours: list[str] = HOURS) -> dict[str, str]:
    return {hour: f"s3://lake/events/datehour={hour}/gen={generation}/" for hour in hours}


def test_hours_are_created_moved_or_left(catalog):
    assert catalog.place("events", places("a")) == Placement(created=250, moved=0, unchanged=0)
    assert catalog.place("events", places("a")) == Placement(created=0, moved=0, unchanged=250)
    moved = places("b", HOURS[:2])
    assert catalog.place("events", moved) == Placement(created=0, moved=2, unchanged=0)
    assert catalog.locations("events", HOURS) == {**places("a"), **moved}


def test_a_partition_has_the_columns_of_its_table(catalog):
    catalog.place("events", places("a", HOURS[:1]))
    partition = boto3.client("glue").get_partition(
        DatabaseName="clickstream_db", TableName="events", PartitionValues=HOURS[:1]
    )["Partition"]
    assert partition["StorageDescriptor"]["Columns"] == [{"Name": "event_id", "Type": "string"}]


def test_hours_that_a_busy_glue_leaves_out_are_asked_for_again(catalog, monkeypatch):
    """An hour taken for one without a partition loses the note that its raw objects expire."""
    catalog.place("events", places("a"))
    ask = catalog._client.batch_get_partition
    monkeypatch.setattr(catalog_module, "_PAUSES_S", (0.0,) * 10)

    def busy(**request):
        keys = request.pop("PartitionsToGet")
        return {**ask(PartitionsToGet=keys[:40], **request), "UnprocessedKeys": keys[40:]}

    monkeypatch.setattr(catalog._client, "batch_get_partition", busy)
    assert catalog.locations("events", HOURS) == places("a")


def test_a_glue_that_keeps_leaving_hours_out_is_an_error(catalog, monkeypatch):
    monkeypatch.setattr(catalog_module, "_PAUSES_S", (0.0,))

    def silent(**request):
        return {"Partitions": [], "UnprocessedKeys": request["PartitionsToGet"]}

    monkeypatch.setattr(catalog._client, "batch_get_partition", silent)
    with pytest.raises(CatalogError, match="does not answer for 2 hours"):
        catalog.place("events", places("a", HOURS[:2]))


def test_hours_without_a_partition_have_no_location(catalog):
    assert catalog.locations("events", HOURS) == {}
    assert catalog.place("events", {}) == Placement(0, 0, 0)


GENERATION = "s3://lake/events/datehour={hour}/gen={at}Z-run/"


def test_a_generation_never_takes_the_place_of_a_later_one(catalog):
    """A run that hung must not bring back what was there before the run that overtook it."""
    [hour, other] = HOURS[:2]
    early, late = (
        {one: GENERATION.format(hour=one, at=at) for one in (hour, other)}
        for at in ("20260101T000000000000", "20260101T000000000001")
    )
    catalog.place("events", {hour: late[hour]})
    placed = catalog.place("events", early)
    assert placed == Placement(created=1, moved=0, unchanged=0, overtaken=(hour,))
    assert catalog.locations("events", HOURS) == {hour: late[hour], other: early[other]}


def test_what_is_noted_on_an_hour_stays_when_the_hour_moves(catalog):
    """It says that the hour's raw objects are gone: forgotten, a rebuild would lose events."""
    catalog.place("events", places("a", HOURS[:3]))
    assert catalog.annotate("events", HOURS[:2], {"a": "1"}) == 2
    assert catalog.annotate("events", HOURS[:3], {"a": "1"}) == 1
    catalog.annotate("events", HOURS[:1], {"b": "2"})
    catalog.place("events", places("b", HOURS[:2]))
    noted = {hour: one.parameters for hour, one in catalog.partitions("events", HOURS).items()}
    assert noted == {HOURS[0]: {"a": "1", "b": "2"}, HOURS[1]: {"a": "1"}, HOURS[2]: {"a": "1"}}


def test_dropped_hours_are_gone_and_the_others_stay(catalog):
    catalog.place("events", places("a"))
    assert catalog.drop("events", [*HOURS[:60], "2020-01-01-00"]) == 60
    assert catalog.drop("events", HOURS[:60]) == 0
    assert list(catalog.all_partitions("events")) == HOURS[60:]
    window = HourRange(HOURS[58], HOURS[61])
    assert list(catalog.all_partitions("events", window)) == HOURS[60:62]


def test_an_hour_that_somebody_registers_meanwhile_is_moved(catalog, monkeypatch):
    """Two runs may find an hour missing; Glue then refuses the second one's creation."""
    hour = HOURS[0]
    look_up = CatalogResource.partitions
    answers = iter([{}])

    def stale(self, table, hours):
        found = next(answers, None)
        if found is None:
            return look_up(self, table, hours)
        catalog._client.create_partition(
            DatabaseName="clickstream_db",
            TableName=table,
            PartitionInput={"Values": [hour], "StorageDescriptor": {"Location": "s3://lake/x/"}},
        )
        return found

    monkeypatch.setattr(CatalogResource, "partitions", stale)
    assert catalog.place("events", places("a", [hour])) == Placement(0, moved=1, unchanged=0)
    assert look_up(catalog, "events", [hour])[hour].location == places("a")[hour]


ADDED = Column("scroll_depth", "double", "How far down, from 0 to 1")
PRESENT = Column("event_id", "string", "Unique id")


def test_a_new_column_appears_and_the_old_ones_stay(catalog):
    catalog.place("events", places("a", HOURS[:1]))
    assert catalog.evolve("events", [PRESENT, ADDED]) == ["scroll_depth"]
    assert catalog.evolve("events", [PRESENT, ADDED]) == []
    assert catalog.evolve("events", [PRESENT]) == [], "a column of older files is kept"
    assert catalog.columns("events") == {"event_id": "string", "scroll_depth": "double"}
    table = boto3.client("glue").get_table(DatabaseName="clickstream_db", Name="events")["Table"]
    assert table["PartitionKeys"] == [{"Name": "datehour", "Type": "string"}]
    assert table["StorageDescriptor"]["Location"] == "s3://lake/events/"
    assert catalog.locations("events", HOURS) == places("a", HOURS[:1])


def test_a_column_of_another_type_is_refused_with_what_to_do(catalog):
    changed = Column("event_id", "double", "Now a number")
    with pytest.raises(
        IncompatibleColumnError, match=r"event_id is string.*double.*name of its own"
    ):
        catalog.evolve("events", [changed, ADDED])
    assert catalog.columns("events") == {"event_id": "string"}


def test_many_objects_are_deleted_and_missing_ones_are_no_error():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="lake")
    lake = LakeResource(bucket="lake")
    keys = [f"raw/{number:04d}" for number in range(1100)]
    for key in keys:
        lake.write(key, b"x")
    assert lake.delete([*keys[:1050], "raw/none"]) == 1051
    assert [one.key for one in lake.list_objects("raw/", start_after=keys[1060])] == keys[1061:]
    assert lake.read(keys[-1]) == b"x"
    lake.write("long", b"0123456789")
    assert lake.read("long", 4) == b"6789"


def test_the_clock_is_that_of_the_bucket():
    """Objects carry its time; a generation is named by it, whatever this machine's clock says."""
    boto3.client("s3").create_bucket(Bucket="lake")
    now = LakeResource(bucket="lake").now()
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60
    assert now.utcoffset() is not None
    assert now.microsecond == 0


def test_only_raw_objects_of_the_range_are_listed():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="lake")
    names = [
        f"{raw_prefix('2015-05-17-09')}a.parquet",
        f"{raw_prefix('2015-05-17-10')}a.parquet",
        f"{raw_prefix('2015-05-17-10')}b.parquet",
        f"{raw_prefix('2015-05-17-11')}nested/c.parquet",
        f"{raw_prefix('2015-05-17-12')}a.parquet",
        f"{raw_prefix('2015-05-17-13')}a.parquet",
        "quarantine/day=2015-05-17/x.json",
    ]
    for name in names:
        s3.put_object(Bucket="lake", Key=name, Body=b"12345")
    found = LakeResource(bucket="lake").list_raw(HourRange("2015-05-17-10", "2015-05-17-12"))
    keys = {hour: [one.key for one in objects] for hour, objects in found.items()}
    assert keys == {"2015-05-17-10": names[1:3], "2015-05-17-12": names[4:5]}
    [one] = found["2015-05-17-12"]
    assert one.size_bytes == 5
    assert (datetime.now(UTC) - one.modified_at).total_seconds() < 60


def test_objects_are_downloaded_in_the_order_of_their_keys(tmp_path):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="lake")
    keys = [f"raw/{number}.parquet" for number in range(5)]
    for key in keys:
        s3.upload_fileobj(BytesIO(key.encode()), "lake", key)
    files = LakeResource(bucket="lake", transfers=3).download(keys, tmp_path)
    assert [file.read_text() for file in files] == keys


def test_a_drain_is_bounded_and_a_deleted_message_stays_away():
    url = boto3.client("sqs").create_queue(QueueName="raw")["QueueUrl"]
    for number in range(25):
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody=str(number))
    queue = RawObjectQueueResource(name="raw", max_messages=12, wait_seconds=0)
    first = list(queue.receive())
    assert len(first) == 12
    assert queue.delete(first) == 0
    second = RawObjectQueueResource(name="raw", wait_seconds=0).receive()
    assert len({message.body for message in [*first, *second]}) == 25


def test_a_drain_without_time_receives_nothing():
    boto3.client("sqs").create_queue(QueueName="raw")
    assert list(RawObjectQueueResource(name="raw", max_seconds=0).receive()) == []
