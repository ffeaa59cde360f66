"""Records that Firehose could not deliver, in its own envelopes.

Belongs here: what stands in an object below the error prefix. Source: Data Firehose Developer
Guide, "Handle failure in data transformation" and "Handle errors for data format conversion". The
guide shows no envelope of dynamic partitioning; it is taken to be like the first, without the
function.
"""

import base64
import json
import time
from typing import NamedTuple

from infra.local.firehose.records import Taken

PROCESSING, CONVERSION = "processing-failed", "format-conversion-failed"


class Failure(NamedTuple):
    """A record that is not delivered.

    Attributes:
        taken: The record.
        error_type: The folder it goes to.
        code: Why, a code.
        message: Why, in words.
        data: What was to be delivered: the record as it came, or the row of it.
        attempts: How often it was tried.
        function: The function that was called; None when that was not what failed.
    """

    taken: Taken
    error_type: str
    code: str
    message: str
    data: bytes
    attempts: int = 1
    function: str | None = None


def envelope(failure: Failure, table: str) -> bytes:
    """One line of an error object.

    Args:
        failure: What failed.
        table: The Glue table, told where the conversion to it failed.
    """
    taken = failure.taken
    now_ms = round(time.time() * 1000)
    last = "last" if failure.error_type == CONVERSION else ""
    found: dict[str, object] = {
        "attemptsMade": failure.attempts,
        "arrivalTimestamp": round(taken.record.arrived_at * 1000),
        _cased(last, "errorCode"): failure.code,
        _cased(last, "errorMessage"): failure.message,
        "attemptEndingTimestamp": now_ms,
        "rawData": base64.b64encode(failure.data).decode(),
    }
    if failure.function is not None:
        found["lambdaArn"] = failure.function
    if failure.error_type == CONVERSION:
        found["sequenceNumber"] = taken.record.sequence_number
        found["subSequenceNumber"] = 0
        found["dataCatalogTable"] = {"tableName": table, "versionId": "LATEST"}
    return json.dumps(found).encode() + b"\n"


def _cased(before: str, name: str) -> str:
    return f"{before}{name[0].upper()}{name[1:]}" if before else name
