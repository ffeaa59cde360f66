"""What the documents' own design costs at the same prices.

Belongs here: its calls per event and its settings, as documented and as measured, and the sums. The
calls are those of `docs/bench/handlers.md`: each record alone, one call after the other.
"""

import math

from infra.cost.consumers import SHARD_RECORDS_S
from infra.cost.inputs import Prices
from infra.cost.load import Load
from infra.cost.model import DAYS_A_MONTH, MILLION, PLATFORM_LOG_BYTES

UPDATES = 2.78  # UpdateItem: session, minute, and page for the 78 % that are page views
READS = 1.08  # GetItem, eventually consistent: half a unit
METRIC_CALLS = 1.0  # PutMetricData
OBJECTS = 1.0  # S3 PUT
SHARDS = 2  # as it creates them
ARCHIVED_BYTES = 344
METRICS = 3  # one for each event type
# Function: memory in MB, batch size, window in seconds, milliseconds for an event on that memory.
# 33 events/s of the processor and 1.6 ms CPU of the detector were measured before the project.
FUNCTIONS = {"processor": (256, 100, 5, 1000 / 33), "detector": (128, 50, 10, 1.6 * 1769 / 128)}


def documents_cost(load: Load, prices: Prices) -> dict[str, float]:
    """Dollars a day by service of the documents' design."""
    events = load.events_per_day
    shards = max(SHARDS, math.ceil(load.events_per_s * load.peak_factor / SHARD_RECORDS_S))
    invocations = gb_seconds = 0.0
    for memory_mb, batch_size, window_s, event_ms in FUNCTIONS.values():
        invocations += events / min(batch_size, max(1.0, load.events_per_s / shards * window_s))
        gb_seconds += events * event_ms / 1000 * memory_mb / 1024
    cloudwatch = prices["cloudwatch"]
    return {
        "kinesis shards": shards * 24 * prices["kinesis"]["shard_hour"],
        "kinesis puts": events * prices["kinesis"]["put_units_million"] / MILLION,
        "dynamodb writes": events * UPDATES * prices["dynamodb"]["writes_million"] / MILLION,
        "dynamodb reads": events * READS * 0.5 * prices["dynamodb"]["reads_million"] / MILLION,
        "lambda": invocations * prices["lambda"]["requests_million"] / MILLION
        + gb_seconds * prices["lambda"]["gb_second"],
        "cloudwatch calls": events * METRIC_CALLS * cloudwatch["put_metric_data_thousand"] / 1000,
        "cloudwatch logs": invocations * PLATFORM_LOG_BYTES / 1e9 * cloudwatch["logs_gb"],
        "cloudwatch metrics": METRICS * cloudwatch["metric_month"] / DAYS_A_MONTH,
        "s3": events * OBJECTS * prices["s3"]["puts_thousand"] / 1000
        + events * ARCHIVED_BYTES / 1e9 * prices["s3"]["gb_month"],
    }
