"""What a function says about a batch, as CloudWatch reads it from the log."""

import base64
import json
import time
from typing import Any

import pytest

from lambdas.event_processor import handler as archive
from tests.functional.lambdas.test_archive import FakeS3


class Context:
    function_name = "event-processor"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn"
    aws_request_id = "1"


def invocation(*payloads: bytes) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventID": f"shardId-000000000000:{number}",
                "kinesis": {
                    "partitionKey": "s",
                    "sequenceNumber": str(number),
                    "data": base64.b64encode(payload).decode(),
                    "approximateArrivalTimestamp": time.time() - 2,
                },
            }
            for number, payload in enumerate(payloads)
        ]
    }


def test_a_batch_is_measured_and_bad_records_by_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    archive._environment.cache_clear()
    s3 = FakeS3()
    monkeypatch.setattr(archive, "_archive", lambda: archive.Archive(s3, "lake"))  # type: ignore[arg-type]
    archive.handler(invocation(b"{", b"null", b"{", b"[]"), Context())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = [line for line in lines if "_aws" in line]
    reasons = {
        line["reason"]: line["QuarantinedRecords"][0] for line in metrics if "reason" in line
    }
    assert reasons == {"invalid_json": 2, "not_an_object": 2}
    batch = next(line for line in metrics if "BatchRecords" in line)
    assert batch["BatchRecords"] == [4]
    assert batch["ArchivedEvents"] == [0]
    assert 1900 < batch["Lag"][0] < 60_000
    assert len(s3.objects) == 1
