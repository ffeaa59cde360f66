"""The database of Dagster's history goes when that is asked for, with its snapshots."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.cost.inputs import read_prices
from infra.deploy.removal.run_history import cost_of_run_history, run_history
from infra.local.endpoints import REGION

NAME = "clickstream-dagster"


@pytest.fixture
def rds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield boto3.client("rds")


def create(rds: Any) -> None:
    rds.create_db_instance(
        DBInstanceIdentifier=NAME,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="dagster",
        MasterUserPassword="of the embedded one",
        DeletionProtection=True,
    )
    rds.create_db_snapshot(DBInstanceIdentifier=NAME, DBSnapshotIdentifier="left-by-the-stack")


def test_what_is_not_there_is_not_missed(rds: Any) -> None:
    """Most stacks never had one."""
    assert [one.is_there() for one in run_history(NAME, rds)] == [False, False]
    assert [one.prepare() or one.delete() for one in run_history(NAME, rds)[:1]] == [False]
    assert cost_of_run_history(NAME, rds, read_prices()) == []


def test_it_goes_with_its_snapshots(rds: Any) -> None:
    create(rds)
    server, snapshots = run_history(NAME, rds)
    assert server.is_there()
    assert snapshots.is_there()
    with pytest.raises(ClientError, match="protection"):
        rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)
    for one in (server, snapshots):
        one.prepare()
        assert one.delete()
        assert not one.is_there()


def test_keeping_it_has_a_price(rds: Any) -> None:
    create(rds)
    (cost,) = cost_of_run_history(NAME, rds, read_prices())
    assert cost.what == f"database {NAME}, db.t4g.micro, 20 GB"
    assert cost.usd_month == pytest.approx(13.98)  # 0.016 x 730 + 20 x 0.115
