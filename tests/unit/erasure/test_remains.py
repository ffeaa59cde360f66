"""The report says what is gone only later."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.erasure.remains import Places, remainders

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PLACES = Places(timedelta(hours=24), timedelta(hours=24))


def whats(last: str | None, places: Places = PLACES) -> dict[str, str | None]:
    return {one.what: one.until for one in remainders(last, places, NOW)}


def test_the_stream_keeps_what_arrived_within_its_retention() -> None:
    found = whats("2026-11-23T11:00:00Z")
    assert found["records on the Kinesis stream"] == "2026-11-24T11:00:00Z"
    assert found["digests of sessions in the detector's log"] == "2026-12-01T11:00:00Z"
    assert found["digests of sessions in the aggregator's log"] == "2026-12-08T11:00:00Z"


def test_what_is_gone_already_is_not_told() -> None:
    assert not [what for what in whats("2026-11-10T11:00:00Z") if "Kinesis" in what]
    assert [what for what in whats("2026-11-10T11:00:00Z") if "aggregator" in what]
    assert len(whats("2020-01-01T00:00:00Z")) == 3  # the places were noted all the same
    assert len(whats(None)) == 2


def test_places_that_somebody_has_to_look_into_have_no_time() -> None:
    places = Places(
        timedelta(hours=24),
        timedelta(hours=24),
        other_tables=["mine"],
        keeps_versions=True,
        unlisted_hours=["2026-01-01-00"],
        cache=Path("state/athena-cache"),
    )
    found = whats(None, places)
    assert found["tables that are not the platform's: mine"] is None
    assert len([what for what, until in found.items() if until is None]) == 3
    assert found["files of 1 hours that are in no partition"] == "2026-11-24T12:00:00Z"
