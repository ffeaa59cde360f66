"""What a tick of the sensor costs beside few and many objects.

Belongs here: the sensor on a bucket in this process (moto), its time and its calls. The sensor
reads a queue and never lists, so neither may grow with the bucket.
"""

import json
import os
import time
from collections import Counter
from typing import Any

import boto3
import dagster as dg
from moto import mock_aws
from moto.s3.models import s3_backends

from clickstream_platform.definitions import build_defs
from clickstream_platform.settings import Settings
from lambdas.shared import lake as layout
from tests.bench.report import figure, table

KEYS = (100, 100_000)
_TICKS = 20
_ACCOUNT = "123456789012"
_HOUR = "2026-01-01-10"


def measure() -> dict[str, Any]:
    """Ticks beside each number of keys, each with one new object announced."""
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        del os.environ[name]
    return {str(keys): _measure(keys) for keys in KEYS}


def parts(found: dict[str, Any]) -> list[str]:
    """Paragraph and table."""
    rows = [
        (f"{int(keys):,}", figure(one["ms"]), one["s3_calls"], one["calls"])
        for keys, one in found.items()
    ]
    return [
        f"A tick of the sensor with one new object ({_TICKS} ticks, AWS in the same process):",
        table(("objects in the bucket", "ms a tick", "calls of S3", "calls of AWS"), rows),
    ]


def _measure(keys: int) -> dict[str, Any]:
    with mock_aws(), dg.DagsterInstance.ephemeral() as instance:
        settings = Settings(lake_bucket="lake", first_hour="2026-01-01-00")
        _provision(settings, keys)
        defs = build_defs(settings)
        repository = defs.get_repository_def()
        sensor = repository.get_sensor_def("raw_objects")
        resources = {name: defs.resources[name] for name in ("lake", "queue", "catalog")}  # type: ignore[index]
        calls = _counted()
        cursor, taken = None, []
        for tick in range(_TICKS + 1):
            _announce(settings, f"{layout.raw_prefix(_HOUR)}new-{tick}.parquet")
            with dg.build_sensor_context(
                instance=instance, cursor=cursor, repository_def=repository, resources=resources
            ) as context:
                if tick == 1:  # the first one opens connections
                    calls.clear()
                started = time.perf_counter()
                cursor = sensor.evaluate_tick(context).cursor
                taken.append(time.perf_counter() - started)
    total = sum(count for name, count in calls.items() if name != "SendMessage")
    s3 = sum(count for name, count in calls.items() if "Object" in name or "Bucket" in name)
    return {"ms": 1000 * min(taken[1:]), "s3_calls": s3, "calls": total / _TICKS}


def _provision(settings: Settings, keys: int) -> None:
    boto3.client("s3").create_bucket(Bucket=settings.lake_bucket)
    boto3.client("sqs").create_queue(QueueName=settings.raw_objects_queue)
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": settings.database})
    for table_name in ("raw_events", "events"):
        glue.create_table(
            DatabaseName=settings.database,
            TableInput={
                "Name": table_name,
                "StorageDescriptor": {"Columns": [], "Location": "s3://lake/"},
                "PartitionKeys": [{"Name": "datehour", "Type": "string"}],
            },
        )
    backend = s3_backends[_ACCOUNT]["aws"]
    for number in range(keys):
        backend.put_object(settings.lake_bucket, f"{layout.raw_prefix(_HOUR)}{number}.parquet", b"")


def _announce(settings: Settings, key: str) -> None:
    sqs = boto3.client("sqs")
    entity = {"bucket": {"name": settings.lake_bucket}, "object": {"key": key, "size": 1}}
    body = json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": entity}]})
    url = sqs.get_queue_url(QueueName=settings.raw_objects_queue)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body)


def _counted() -> Counter[str]:
    """Counts the calls of every client that is made from now on."""
    calls: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION is not None
    boto3.DEFAULT_SESSION.events.register("before-call", count)
    return calls
