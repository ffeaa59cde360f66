import pytest

from infra.cost.inputs import Measurements, Needs, Prices


def needs(**figures: object) -> Needs:
    nothing: dict[str, object] = {
        "cpu_ms": {},
        "calls": {},
        "units": {},
        "reads": {},
        "s3_bytes": {},
        "log_bytes": {},
        "metrics": 0,
    }
    return Needs(**{**nothing, **figures})


@pytest.fixture
def prices() -> Prices:
    """Round prices, so that sums can be read."""
    return {
        "kinesis": {"shard_hour": 1.0, "put_units_million": 2.0},
        "dynamodb": {"writes_million": 10.0, "reads_million": 1.0},
        "lambda": {"requests_million": 100.0, "gb_second": 0.0},
        "s3": {"puts_thousand": 1.0, "gb_month": 0.0},
        "cloudwatch": {"logs_gb": 0.0, "metric_month": 30.0, "put_metric_data_thousand": 0.1},
        "sns": {"requests_million": 0.0},
        "sqs": {"requests_million": 0.0},
        "firehose": {
            "ingested_gb": 3.0,
            "converted_gb": 2.0,
            "partitioned_gb": 5.0,
            "partitioned_objects_thousand": 7.0,
        },
        "api": {"requests_million": 50.0},
    }


@pytest.fixture
def measurements() -> Measurements:
    """The aggregator writes and reads each session, and writes each minute; nothing takes time."""
    return Measurements(
        "2026-11-23",
        400,
        600,
        {
            "aggregator": needs(
                units={"session-metrics": {"sessions": 1}, "counters": {"minutes": 1}},
                reads={"session-metrics": {"sessions": 1}},
                metrics=2,
            ),
            "anomaly_detector": needs(),
            "event_processor": needs(calls={"s3:PutObject": {"batch": 1, "new_hours": 1}}),
            "firehose_transform": needs(),
        },
    )
