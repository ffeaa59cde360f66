from datetime import UTC, datetime, timedelta

import pytest

from clickstream_platform.core.audit_window import AuditWindow, AuditWindowError

NOW = datetime(2026, 11, 23, 10, 10, 30, tzinfo=UTC)
DAY = timedelta(hours=24)
REACH = timedelta(hours=23)


def hour(number: int) -> datetime:
    return datetime(2026, 11, 23, number, tzinfo=UTC)


def test_audits_an_hour_apart_leave_nothing_out_and_overlap_nowhere():
    first = AuditWindow.due(NOW, hour(8), REACH, DAY)
    assert first == AuditWindow(hour(8), hour(9))
    second = AuditWindow.due(NOW + timedelta(minutes=55), first.end, REACH, DAY)
    assert second == AuditWindow(hour(9), hour(10))


def test_an_audit_begins_where_the_last_clean_one_ended():
    """Runs that were left out, or found something missing, leave no hole behind."""
    assert AuditWindow.due(NOW, hour(3), REACH, DAY) == AuditWindow(hour(3), hour(9))


def test_what_was_audited_is_not_audited_again():
    assert AuditWindow.due(NOW, hour(9), REACH, DAY).is_empty


@pytest.mark.parametrize("clean_until", [None, NOW - timedelta(days=3)])
def test_an_audit_reaches_no_further_back_than_the_stream(clean_until):
    window = AuditWindow.due(NOW, clean_until, REACH, DAY)
    assert NOW - DAY < window.start <= NOW - DAY + timedelta(minutes=15)
    shorter = AuditWindow.due(NOW, clean_until, timedelta(hours=1), DAY)
    assert shorter == AuditWindow(hour(8), hour(9))


def test_a_window_is_chosen_by_times_with_a_zone():
    window = AuditWindow.between("2026-11-23T08:00:00Z", "2026-11-23T10:00:00+01:00")
    assert window == AuditWindow(hour(8), hour(9))
    window.check(NOW, DAY)
    for text in ("2026-11-23T08:00:00", "yesterday", ""):
        with pytest.raises(AuditWindowError):
            AuditWindow.between(text, "2026-11-23T10:00:00Z")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (hour(9), hour(9)),
        (hour(9), hour(8)),
        (NOW - timedelta(hours=25), hour(9)),  # forgotten: what is archived would look invented
        (hour(9), NOW - timedelta(minutes=9)),  # under way: it would look lost
    ],
)
def test_a_window_that_cannot_be_audited_is_refused(start, end):
    with pytest.raises(AuditWindowError):
        AuditWindow(start, end).check(NOW, DAY)
