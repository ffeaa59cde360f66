"""The database in which Dagster keeps its history, and the snapshots that outlive it.

Belongs here: is it there, how is it deleted, what does it cost. It is looked for whatever is chosen
now: who chooses Dagster away keeps its history.
"""

from typing import Any

from infra.cost.inputs import Prices
from infra.deploy.removal.holdings import Holding
from infra.deploy.removal.leftovers import Cost

_WAIT = {"Delay": 10, "MaxAttempts": 90}
_HOURS_A_MONTH = 730


def run_history(name: str, rds: Any) -> list[Holding]:
    """The instance, then its snapshots: the stack leaves one when it deletes the instance."""
    return [_instance(name, rds), _snapshots(name, rds)]


def cost_of_run_history(name: str, rds: Any, prices: Prices) -> list[Cost]:
    """What it costs while nobody uses it; nothing when it is gone."""
    try:
        (found,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    except rds.exceptions.DBInstanceNotFoundFault:
        return []
    kind, size = found["DBInstanceClass"], found["AllocatedStorage"]
    price = prices["rds"].get(kind.replace(".", "_") + "_hour")
    storage = size * prices["rds"]["gb_month"]
    if price is None:
        return [Cost(f"database {name}, {size} GB; {kind} itself is not in our prices", storage)]
    return [Cost(f"database {name}, {kind}, {size} GB", price * _HOURS_A_MONTH + storage)]


def _instance(name: str, rds: Any) -> Holding:
    def look() -> Any:
        return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def unprotect() -> None:
        if look()["DeletionProtection"]:
            rds.modify_db_instance(
                DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True
            )
            waiter = rds.get_waiter("db_instance_available")
            waiter.wait(DBInstanceIdentifier=name, WaiterConfig=_WAIT)

    def remove() -> None:
        rds.delete_db_instance(
            DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
        )
        waiter = rds.get_waiter("db_instance_deleted")
        waiter.wait(DBInstanceIdentifier=name, WaiterConfig=_WAIT)

    return Holding(f"database server {name}", look, remove, unprotect)


def _snapshots(name: str, rds: Any) -> Holding:
    def look() -> list[str]:
        found = [
            str(one["DBSnapshotIdentifier"])
            for page in rds.get_paginator("describe_db_snapshots").paginate(
                DBInstanceIdentifier=name, SnapshotType="manual"
            )
            for one in page["DBSnapshots"]
        ]
        if not found:  # for a list AWS has no word for: not found
            error = {"Code": "DBSnapshotNotFound", "Message": f"{name} has no snapshot"}
            raise rds.exceptions.DBSnapshotNotFoundFault({"Error": error}, "DescribeDBSnapshots")
        return found

    def remove() -> None:
        for snapshot in look():
            rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot)

    return Holding(f"snapshots of database server {name}", look, remove)
