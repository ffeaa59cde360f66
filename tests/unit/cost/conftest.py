import pytest

from infra.cost_inputs import Measured, Measurements, Prices


def batch(size: float, **figures: object) -> Measured:
    nothing: dict[str, object] = {
        "cpu_ms": 0.0,
        "calls": {},
        "units": {},
        "reads": {},
        "s3_bytes": 0.0,
        "log_bytes": 0.0,
        "metrics": 0,
    }
    return Measured(batch_size=size, **{**nothing, **figures})


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
        "api": {"requests_million": 50.0},
    }


@pytest.fixture
def measurements() -> Measurements:
    """One event is one session; a batch of 1,000 writes 900 sessions and 10 minutes."""
    counting = (
        batch(1, units={"session-metrics": 1, "counters": 1}, reads={"session-metrics": 1}),
        batch(
            1000,
            units={"session-metrics": 900, "counters": 10},
            reads={"session-metrics": 900},
            metrics=2,
        ),
    )
    archiving = (batch(1, calls={"s3:PutObject": 1}), batch(1000, calls={"s3:PutObject": 1}))
    return Measurements(
        "2026-11-23",
        400,
        0,
        {
            "aggregator": counting,
            "anomaly_detector": (batch(1), batch(1000)),
            "event_processor": archiving,
        },
    )
