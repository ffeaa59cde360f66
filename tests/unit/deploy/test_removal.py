"""What the embedded AWS does not do: protected stacks, refusals, sizes."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.deploy.removal import text
from infra.deploy.removal.emptying import NotEmptiedError, empty_bucket
from infra.deploy.removal.holdings import Holding, RemovalError
from infra.deploy.removal.leftovers import Tagged, cost_of_keeping, tagged
from infra.deploy.removal.protection import lift_protection
from infra.topology import build_topology
from tests.unit.deploy.fake_site import ACCOUNT


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Delete")


class FakeCloudFormation:
    def __init__(self) -> None:
        self.protected = {"a-data": True, "a-open": False}

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        if StackName not in self.protected:
            raise refusal("ValidationError")
        return {"Stacks": [{"EnableTerminationProtection": self.protected[StackName]}]}

    def update_termination_protection(
        self,
        StackName: str,  # noqa: N803
        EnableTerminationProtection: bool,  # noqa: N803
    ) -> None:
        self.protected[StackName] = EnableTerminationProtection


def test_protected_stacks_are_opened_and_gone_ones_passed_over():
    cloudformation = FakeCloudFormation()
    clients = {"cloudformation": cloudformation}.__getitem__
    assert lift_protection(clients, ["a-data", "a-open", "a-gone"]) == ["a-data"]
    assert cloudformation.protected == {"a-data": False, "a-open": False}


def raising(error: Exception) -> Any:
    def call() -> None:
        raise error

    return call


def test_a_refusal_is_no_absence():
    """What may not be looked at must not be taken for deleted."""
    gone = Holding("table t", raising(refusal("ResourceNotFoundException")), lambda: None)
    denied = raising(refusal("AccessDeniedException"))
    assert not gone.is_there()
    with pytest.raises(ClientError):
        Holding("table t", denied, lambda: None).is_there()
    with pytest.raises(RemovalError, match="table t was not deleted"):
        Holding("table t", lambda: None, denied).delete()
    assert not Holding("t", lambda: None, raising(refusal("NoSuchBucket"))).delete()


class FakeS3:
    """A bucket of so many versions, in pages of 1,000, of which some cannot be deleted."""

    def __init__(self, versions: int, locked: int = 0) -> None:
        self.versions, self.locked = versions, locked
        self.requests: list[int] = []

    def get_paginator(self, name: str) -> Any:
        def paginate(Bucket: str) -> Any:  # noqa: N803
            left = self.versions if name == "list_object_versions" else 0
            while left > 0:
                page = min(left, 1000)
                left -= page
                yield {"Versions": [{"Key": "k", "VersionId": str(one)} for one in range(page)]}

        return SimpleNamespace(paginate=paginate)

    def delete_objects(self, Bucket: str, Delete: Any) -> Any:  # noqa: N803
        self.requests.append(len(Delete["Objects"]))
        error = {"Key": "k", "Code": "AccessDenied", "Message": "locked"}
        return {"Errors": [error] * self.locked}


def test_a_bucket_is_emptied_in_requests_s3_takes():
    s3, told = FakeS3(2500), []
    assert empty_bucket(s3, "b", told.append) == 2500
    assert (s3.requests, told) == ([1000, 1000, 500], [1000, 2000, 2500])
    with pytest.raises(NotEmptiedError, match="2 objects, the first k: locked"):
        empty_bucket(FakeS3(3, locked=2), "b")


class FakeStores:
    """Kinesis, DynamoDB and CloudWatch of a platform that is half gone."""

    exceptions = SimpleNamespace(ResourceNotFoundException=LookupError)

    def describe_stream_summary(self, **_: Any) -> Any:
        return {"StreamDescriptionSummary": {"OpenShardCount": 4}}

    def describe_table(self, TableName: str) -> Any:  # noqa: N803
        if TableName.endswith("-alerts"):
            raise LookupError
        return {"Table": {"TableSizeBytes": 2_000_000_000}}

    def get_metric_statistics(self, Dimensions: Any, **_: Any) -> Any:  # noqa: N803
        if "results" in Dimensions[0]["Value"]:
            return {"Datapoints": []}
        days = [datetime(2026, 11, day, tzinfo=UTC) for day in (22, 21)]
        points = [{"Timestamp": day, "Average": day.day * 1e9} for day in days]
        return {"Datapoints": points}


def test_what_is_kept_has_a_price():
    topology, stores = build_topology(ACCOUNT), FakeStores()
    costs = cost_of_keeping(topology, lambda _: stores)
    assert [(one.what.partition(",")[0], round(one.usd_month, 2)) for one in costs] == [
        ("stream", 43.8),  # 4 x 0.015 x 730
        ("tables", 2.5),  # five of 2 GB, 0.25 a GB
        (f"bucket clickstream-lake-{ACCOUNT}", 0.51),  # 22 GB, as told last
        (f"bucket clickstream-athena-results-{ACCOUNT}", 0.0),
    ]
    assert "about $46.81 a month" in " ".join(text.kept_lines(["stream s"], costs))


def test_tags_that_cannot_be_asked_are_no_all_clear():
    denied = SimpleNamespace(get_paginator=lambda _: raising(refusal("AccessDenied"))())
    found = tagged(lambda _: denied, "a", ["a-data"])
    lines = list(text.left_lines([], found, data=True))
    assert "is not known" in lines[1]
    assert "Nothing carries" in list(text.left_lines([], Tagged([]), data=True))[1]
