"""Behind a distribution, the collector answers that alone and believes what it tells."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters
from moto import mock_aws

from lambdas.collector import handler as collector
from lambdas.collector.front_door import KEY_HEADER, FrontDoor, PastTheFrontDoorError
from lambdas.collector.logic import Client
from tests.functional.lambdas.test_collector import FakeKinesis, writer
from tests.functional.lambdas.test_observability import Context

NAME, KEY = "clickstream/front-door", "the key of the front door"
PASSED_ON = {
    KEY_HEADER: KEY,
    "user-agent": "Mozilla/5.0",
    "cloudfront-viewer-address": "198.51.100.10:46532",
    "cloudfront-viewer-country": "DE",
}


@pytest.mark.parametrize(
    ("address", "ip"),
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8::1:443", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("", ""),
    ],
)
def test_the_visitor_is_whom_the_distribution_names(address: str, ip: str) -> None:
    """The address of the request is the distribution's own: all visitors would be one."""
    door = FrontDoor(lambda: KEY)
    headers = {**PASSED_ON, "cloudfront-viewer-address": address}
    assert door.client_of(headers) == Client(ip, "Mozilla/5.0", "DE")


@pytest.mark.parametrize("key", [None, "", "another", KEY + " "])
def test_who_goes_past_it_is_refused(key: str | None) -> None:
    headers = {name: value for name, value in PASSED_ON.items() if name != KEY_HEADER}
    with pytest.raises(PastTheFrontDoorError):
        FrontDoor(lambda: KEY).client_of(headers if key is None else {**headers, KEY_HEADER: key})


@pytest.fixture
def kinesis(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKinesis]:
    """A collector whose front door's key lies in Secrets Manager, and its stream."""
    stream = FakeKinesis()
    monkeypatch.setenv("STREAM_NAME", "stream")
    monkeypatch.setenv("FRONT_DOOR", NAME)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    monkeypatch.setattr(collector, "_writer", lambda: writer(stream))
    with mock_aws():
        boto3.client("secretsmanager").create_secret(Name=NAME, SecretString=KEY)
        _forget()
        yield stream
    _forget()


def _forget() -> None:
    for cached in (collector._environment, collector._front_door):
        cached.cache_clear()
    parameters.clear_caches()


def post(headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    http = {"method": "POST", "path": "/v1/events", "sourceIp": "130.176.0.1"}
    event = {
        "version": "2.0",
        "rawPath": "/v1/events",
        "headers": headers,
        "requestContext": {"http": http, "stage": "$default"},
        "body": json.dumps({"event_type": "page_view", "event_time": "2026-11-23T01:00:00Z"}),
        "isBase64Encoded": False,
    }
    answer = collector.handler(event, Context())
    return answer["statusCode"], json.loads(answer["body"])


def test_events_through_the_front_door_carry_address_and_country(kinesis: FakeKinesis) -> None:
    status, _ = post({name.title(): value for name, value in PASSED_ON.items()})
    assert status == 200
    (event,) = map(json.loads, kinesis.taken)
    assert (event["ip"], event["country"]) == ("198.51.100.0", "DE")


def test_events_past_it_go_nowhere(kinesis: FakeKinesis) -> None:
    status, body = post({**PASSED_ON, KEY_HEADER: "guessed"})
    assert (status, body["error"]) == (403, "past_the_front_door")
    assert kinesis.taken == []


def test_a_new_key_is_taken_up(kinesis: FakeKinesis) -> None:
    """For ever cached, the old key would refuse everybody until the last container is gone."""
    boto3.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString="the next")
    assert post({**PASSED_ON, KEY_HEADER: "the next"})[0] == 200
