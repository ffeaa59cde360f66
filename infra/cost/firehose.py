"""What Firehose costs where it archives the stream.

Belongs here: its sums, and how its function is called. All else is the same in both profiles and
belongs in `model`.

Source: Amazon Data Firehose pricing. Ingestion of records that come from a Kinesis stream is billed
in steps of 5 KB for each record, like that of records that are put directly, and so is format
conversion; dynamic partitioning by what is delivered, and by object.
"""

import math
from dataclasses import replace

from infra.cost.inputs import Measurements, Prices
from infra.cost.load import DAY_S, Load
from infra.resource_types import DeliveryStream, Function
from infra.resource_types import Mapping as StreamMapping

RECORD_STEP_BYTES = 5 * 1024
GIGABYTE = 2**30
MEGABYTE = 2**20
HOURS_A_DAY = 24


def as_called(function: Function, stream: DeliveryStream, record_bytes: float) -> Function:
    """The function with a mapping that calls it as often, and with as much, as Firehose does."""
    full = math.floor(stream.transform_buffer_mb * MEGABYTE / record_bytes)
    return replace(function, mapping=StreamMapping(full, stream.transform_buffer_s))


def objects_a_day(load: Load, stream: DeliveryStream, row_bytes: float) -> float:
    """Objects that are written: of the present hour one each time the buffer is full or old.

    At the start of an hour the last records of the one before are written as an object more.
    """
    full = load.events_per_day * row_bytes / (stream.buffer_mb * MEGABYTE)
    return max(DAY_S / stream.buffer_s, full) + HOURS_A_DAY


def delivery_cost(
    load: Load,
    stream: DeliveryStream,
    measurements: Measurements,
    prices: Prices,
) -> dict[str, float]:
    """Dollars a day by what Firehose bills."""
    events, rates = load.events_per_day, prices["firehose"]
    steps = math.ceil(measurements.record_bytes / RECORD_STEP_BYTES)
    ingested_gb = events * steps * RECORD_STEP_BYTES / GIGABYTE
    delivered_gb = events * measurements.row_bytes / GIGABYTE
    objects = objects_a_day(load, stream, measurements.row_bytes)
    return {
        "firehose ingestion": ingested_gb * rates["ingested_gb"],
        "firehose conversion": ingested_gb * rates["converted_gb"],
        "firehose partitioning": delivered_gb * rates["partitioned_gb"]
        + objects * rates["partitioned_objects_thousand"] / 1000,
    }
