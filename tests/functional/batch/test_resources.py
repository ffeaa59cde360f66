"""The real resources against moto in this process: what the fakes stand for."""

from datetime import UTC, datetime
from io import BytesIO

import boto3
import pytest
from moto import mock_aws

from clickstream_platform.core.hours import HourRange
from clickstream_platform.resources.catalog import CatalogResource, Placement
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.raw_object_queue import RawObjectQueueResource
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


def test_hours_without_a_partition_have_no_location(catalog):
    assert catalog.locations("events", HOURS) == {}
    assert catalog.place("events", {}) == Placement(0, 0, 0)


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
