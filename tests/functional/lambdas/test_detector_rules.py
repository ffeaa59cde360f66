"""What is told, and what is not."""

import json

import pytest

from lambdas.anomaly_detector.logic import examine
from lambdas.anomaly_detector.rules import Thresholds
from lambdas.anomaly_detector.settings import DetectorEnvironment
from lambdas.anomaly_detector.state import ShardState
from lambdas.anomaly_detector.traffic import MOST_TYPES, OTHERS, TrafficLimits
from lambdas.shared.environment import read_environment
from lambdas.shared.sequence import padded
from tests.functional.lambdas.detecting import Detector, alerts_of, arrival, ids, steadily, view

CALM = Thresholds(traffic=TrafficLimits(baseline_min=3, min_events=10))


def test_robots_raise_one_alert_a_session() -> None:
    agents = [("a", "SomeBot/1"), ("a", "SomeBot/1"), ("b", "Mozilla"), ("c", None), ("d", "a Bot")]
    found = alerts_of([arrival(session, user_agent=agent) for session, agent in agents])
    assert ids(found) == ["suspicious_user_agent#a", "suspicious_user_agent#d"]
    assert found[0].evidence == {"user_agent": "SomeBot/1"}


def test_the_fifty_first_event_of_a_minute_is_one_too_many() -> None:
    minute = [arrival(after_s=second) for second in range(50)]
    assert not alerts_of(minute)
    found = alerts_of([*minute, *(arrival(after_s=50 + n / 10) for n in range(30))])
    assert ids(found) == ["high_frequency_clicks#s#2026-11-23T01:00"]
    assert found[0].evidence == {"minute": "2026-11-23T01:00", "events": 51}


def test_a_busy_minute_is_one_of_event_time_and_of_one_session() -> None:
    assert not alerts_of([arrival(after_s=30 + second) for second in range(60)])
    assert not alerts_of([arrival(f"s{number % 2}", number / 10) for number in range(100)])


def test_an_event_sent_again_is_not_another_one() -> None:
    assert not alerts_of([arrival(after_s=0.1 * number, event_id="same") for number in range(60)])


def test_ids_that_two_sessions_share_are_two_events() -> None:
    both = [
        arrival(session, number / 10, event_id=str(number))
        for number in range(51)
        for session in ("a", "b")
    ]
    assert len(alerts_of(both)) == 2


@pytest.mark.parametrize(
    ("views", "last", "is_unusual"),
    [
        (0, view(path="/checkout"), True),
        (2, view(path="/checkout"), True),
        (3, view(path="/checkout"), False),
        (2, view(path="/shop/checkout/pay"), True),
        (2, view(path="/checkouts"), False),
        (2, arrival(event_type="checkout"), True),
        (2, arrival(event_type="click", page_path="/checkout"), False),
    ],
)
def test_checkout_after_few_views(views: int, last: object, is_unusual: bool) -> None:
    found = alerts_of([*(view() for _ in range(views)), last])  # type: ignore[list-item]
    assert ids(found) == ["unusual_page_sequence#s"] * is_unusual


def test_a_session_checks_out_unusually_once() -> None:
    assert len(alerts_of([view(path="/checkout"), view(path="/checkout")])) == 1


def test_views_are_remembered_as_long_as_the_session_goes_on() -> None:
    views = [view(after_s=second) for second in range(3)]
    waits = [arrival(after_s=minute * 60) for minute in (20, 40, 60)]
    assert not alerts_of([*views, *waits, view(after_s=80 * 60, path="/checkout")])
    assert alerts_of([*views, view(after_s=31 * 60, path="/checkout")])


def test_a_spike_is_told_once_while_it_goes_on() -> None:
    calm = list(steadily(4, 20))
    found = alerts_of([*calm, *steadily(2, 200, first=4), *steadily(1, 20, first=6)], CALM)
    assert ids(found) == ["traffic_spike#click#2026-11-23T01:04"]
    evidence = found[0].evidence
    assert (evidence["events"], evidence["mean_before"]) == (61, 20)  # the first above three times
    assert not alerts_of([*calm, *steadily(1, 60, first=4)], CALM)


def test_a_spike_is_one_of_its_type() -> None:
    mixed = [*steadily(4, 100), *steadily(1, 90, first=4, event_type="purchase")]
    assert ids(alerts_of(mixed, CALM))[:1] == ["traffic_spike#purchase#2026-11-23T01:04"]


def test_a_drop_is_told_when_its_minute_has_ended() -> None:
    calm = list(steadily(4, 20))
    quiet = list(steadily(1, 4, first=4))
    assert not alerts_of([*calm, *quiet], CALM)
    found = alerts_of([*calm, *quiet, *steadily(1, 20, first=5)], CALM)
    assert ids(found) == ["traffic_drop#click#2026-11-23T01:04"]
    assert found[0].evidence["events"] == 4
    assert found[0].session_id is None


def test_silence_is_a_drop_once_something_arrives_again() -> None:
    found = alerts_of([*steadily(4, 20), arrival(after_s=20 * 60)], CALM)
    assert ids(found) == ["traffic_drop#click#2026-11-23T01:04"]


def test_nothing_is_said_of_traffic_before_there_is_anything_to_compare_it_with() -> None:
    assert not alerts_of([*steadily(2, 20), *steadily(1, 200, first=2)], CALM)
    assert not alerts_of(
        [*steadily(4, 5), *steadily(1, 0, first=4), *steadily(1, 9, first=5)], CALM
    )


def test_types_that_somebody_makes_up_are_counted_together() -> None:
    made_up = [arrival(f"s{n}", event_type=f"type-{n}") for n in range(MOST_TYPES + 100)]
    state = ShardState()
    segments = examine(made_up, state, padded(str(10**30)), Thresholds()).segments
    assert len(segments[0].arrivals) == MOST_TYPES + 1
    assert segments[0].arrivals[OTHERS] == 100


def test_the_message_says_what_was_found_where() -> None:
    detector = Detector()
    detector.process([arrival("a", user_agent="SomeBot/1")])
    message = detector.sns.messages[0]
    assert message["rule"] == "suspicious_user_agent"
    assert message["session_id"] == "a"
    assert message["evidence"] == {"user_agent": "SomeBot/1"}
    item = next(iter(detector.dynamodb.tables["c-alerts"].values()))
    assert json.loads(item["evidence"]["S"]) == message["evidence"]
    assert int(item["ttl"]["N"]) == 30 * 24 * 3600


def test_thresholds_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "TABLE_PREFIX": "c",
        "ALERT_TOPIC_ARN": "arn",
        "STREAM_NAME": "stream",
        "SESSION_MINUTE_EVENTS": "2",
        "VIEWS_BEFORE_CHECKOUT": "1",
        "SUSPICIOUS_WORDS": "Evil, wicked",
        "TRAFFIC_BASELINE_MIN": "3",
        "TRAFFIC_MIN_EVENTS": "10",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    thresholds = read_environment(DetectorEnvironment).thresholds
    assert thresholds.traffic == CALM.traffic
    stream = [view(), arrival(user_agent="an EVIL one"), view(path="/checkout")]
    assert ids(alerts_of(stream, thresholds)) == [
        "suspicious_user_agent#s",
        "high_frequency_clicks#s#2026-11-23T01:00",
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRAFFIC_BASELINE_MIN", "29", "TRAFFIC_BASELINE_MIN is 29: give 1 to 28"),
        ("TRAFFIC_DROP_FACTOR", "1.5", "give 0 to 1"),
        ("SESSION_MINUTE_EVENTS", "many", "session_minute_events"),
    ],
)
def test_a_threshold_out_of_range_says_so(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given in ("TABLE_PREFIX", "ALERT_TOPIC_ARN", "STREAM_NAME"):
        monkeypatch.setenv(given, "x")
    monkeypatch.setenv(name, value)
    with pytest.raises(RuntimeError, match=said):
        read_environment(DetectorEnvironment)
