import json

import pytest

from clickstream_platform.core.notifications import (
    Notification,
    RawObject,
    by_hour,
    parse_notification,
)

BUCKET = "clickstream-lake"
KEY = "raw/datehour=2015-05-17-10/shardId-000000000001-4951-4952.parquet"


def record(key: str = KEY, *, bucket: str = BUCKET, event: str = "ObjectCreated:Put") -> dict:
    return {
        "eventSource": "aws:s3",
        "eventName": event,
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 2048}},
    }


def body(*records: object) -> str:
    return json.dumps({"Records": list(records)})


def test_a_created_object_is_read():
    assert parse_notification(body(record()), BUCKET) == Notification(
        objects=(RawObject(KEY, "2015-05-17-10", 2048),)
    )


@pytest.mark.parametrize(
    "encoded",
    [
        KEY.replace("=", "%3D"),  # S3 and ministack
        KEY.replace("=", "%3D").replace("/", "%2F"),  # moto
        KEY,
    ],
)
def test_keys_are_decoded_however_they_were_encoded(encoded):
    assert parse_notification(body(record(encoded)), BUCKET).objects[0].key == KEY


def test_a_plus_in_an_encoded_key_is_a_blank():
    key = "raw/datehour%3D2015-05-17-10/shard+1.parquet"
    found = parse_notification(body(record(key)), BUCKET).objects[0]
    assert found.key == "raw/datehour=2015-05-17-10/shard 1.parquet"


def test_the_event_that_s3_sends_when_notifications_are_set_up_is_no_news():
    text = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET})
    assert parse_notification(text, BUCKET) == Notification()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no json", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no S3 records"),
        ('{"Records": {}}', "no S3 records"),
        (body("text"), "malformed record"),
        (body({"eventName": "ObjectCreated:Put"}), "malformed record"),
        (body({"eventName": 1, "s3": record()["s3"]}), "malformed record"),
        (body(record(event="ObjectRemoved:Delete")), "ObjectRemoved:Delete of raw/"),
        (body(record(bucket="another")), "bucket 'another'"),
        (body(record("quarantine/day=2015-05-17/x.json")), "no raw object's key"),
        (body(record("raw/datehour=2015-02-30-10/x.parquet")), "no raw object's key"),
    ],
)
def test_what_is_no_raw_object_is_ignored_with_its_reason(text, reason):
    """One bad message must not fail the tick: it would come back and block every hour."""
    notification = parse_notification(text, BUCKET)
    assert notification.objects == ()
    assert len(notification.ignored) == 1
    assert reason in notification.ignored[0]


def test_a_bad_record_does_not_hide_the_good_one_beside_it():
    notification = parse_notification(body({}, record()), BUCKET)
    assert [one.key for one in notification.objects] == [KEY]
    assert len(notification.ignored) == 1


def test_objects_are_grouped_by_hour_and_counted_once():
    first = RawObject("raw/datehour=2015-05-17-11/a.parquet", "2015-05-17-11", 1)
    second = RawObject("raw/datehour=2015-05-17-10/b.parquet", "2015-05-17-10", 1)
    assert by_hour([first, second, first]) == {
        "2015-05-17-10": [second],
        "2015-05-17-11": [first],
    }
