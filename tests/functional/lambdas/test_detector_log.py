"""The detector's state survives cold starts, crashes, second writers and reshards."""

import itertools

import msgspec
import pytest

from lambdas.anomaly_detector.log import FenceConflict
from lambdas.anomaly_detector.rules import Thresholds
from lambdas.anomaly_detector.store import PublishFailed
from lambdas.anomaly_detector.traffic import TrafficLimits
from lambdas.shared.redriven import Redriven
from tests.fakes.dynamodb import CrashError
from tests.fakes.sns import FakeSns
from tests.functional.lambdas.detecting import Detector, arrival, steadily, view

ROBOT = {"user_agent": "SomeBot/1"}


def test_a_cold_start_remembers_the_sessions_of_the_last_half_hour() -> None:
    detector = Detector()
    for minute in (0, 10, 20):
        detector.process([view(after_s=minute * 60)])
        detector.restart()
    detector.process([view(after_s=29 * 60, path="/checkout")])
    assert not detector.stored()


def test_a_cold_start_reads_no_more_than_that() -> None:
    detector = Detector()
    for minute in range(100):
        detector.process([arrival(f"s{minute}", minute * 60)])
    detector.restart()
    assert len(detector.log._newest("shardId-0")) == 31


def test_a_batch_delivered_again_much_later_is_not_taken_in_again() -> None:
    detector = Detector(Thresholds(session_minute_events=5))
    minute = [arrival(after_s=number) for number in range(5)]
    detector.process(minute)
    detector.process([arrival("another", after_s=3600)])
    detector.process(minute)
    assert not detector.stored()


def test_a_warm_state_takes_in_what_another_process_has_logged() -> None:
    here = Detector(Thresholds(session_minute_events=3))
    there = Detector(Thresholds(session_minute_events=3))
    there.dynamodb = here.dynamodb
    there.restart()
    events = [arrival(after_s=number) for number in range(4)]
    for detector, event in zip(itertools.cycle([here, there]), events, strict=False):
        detector.process([event])
    assert here.stored() == {"high_frequency_clicks#s#2026-11-23T01:00"}


def test_of_two_writers_one_is_told() -> None:
    detector, batch = Detector(), [arrival()]
    late, other = Detector(), arrival()
    late.dynamodb = detector.dynamodb
    late.restart()
    state = late.log.take("shardId-0")
    detector.process(batch)
    with pytest.raises(FenceConflict):
        late.append(state, [other])
    late.process([other])  # from the state as it is now


def test_a_shard_goes_on_from_those_it_was_made_of() -> None:
    detector = Detector()
    detector.shards.made_from = {"shardId-0": (), "shardId-1": (), "shardId-2": ("shardId-0",)}
    detector.shards.made_from["shardId-3"] = ("shardId-2", "shardId-1")
    detector.process([view("a"), arrival("a", 1, **ROBOT)])
    detector.process([view("b", 2, shard_id="shardId-1")])
    detector.process([view("a", 3, shard_id="shardId-2")])
    on_the_last = {"shard_id": "shardId-3"}
    detector.process([view("a", 4, **on_the_last), view("b", 5, **on_the_last)])
    detector.restart()
    checkout = {"event_type": "checkout", **on_the_last}
    detector.process([arrival("a", 6, **checkout), arrival("b", 6, **checkout)])
    assert detector.stored() == {"suspicious_user_agent#a", "unusual_page_sequence#b"}


def test_the_traffic_of_a_new_shard_is_compared_with_its_own() -> None:
    detector = Detector(Thresholds(traffic=TrafficLimits(baseline_min=3, min_events=10)))
    detector.shards.made_from = {"shardId-0": (), "shardId-1": ("shardId-0",)}
    detector.process(list(steadily(5, 20)))
    detector.process(list(steadily(2, 100, first=5, shard_id="shardId-1")))
    assert not detector.stored()


@pytest.mark.parametrize("crash_after", range(4))
def test_a_crash_anywhere_loses_no_alert(crash_after: int) -> None:
    """Claim, claim, mark, mark, append: it may die before any of them."""
    detector = Detector()
    batch = [arrival("a", **ROBOT), arrival("b", **ROBOT), arrival("c")]
    detector.dynamodb.writes_left = crash_after
    with pytest.raises(CrashError):
        detector.process(batch)
    detector.dynamodb.writes_left = None
    detector.restart()
    detector.process(batch[:1])
    detector.process(batch[1:])
    assert detector.stored() == {"suspicious_user_agent#a", "suspicious_user_agent#b"}
    assert {message["session_id"] for message in detector.sns.messages} == {"a", "b"}


def test_alerts_that_were_sent_are_not_sent_again_when_others_are_refused() -> None:
    detector = Detector()
    detector.sns = FakeSns(failing=1)
    detector.restart()
    batch = [arrival(session, **ROBOT) for session in ("a", "b", "c")]
    with pytest.raises(PublishFailed):
        detector.process(batch)
    assert [message["session_id"] for message in detector.sns.messages] == ["b", "c"]
    detector.process(batch)
    assert [message["session_id"] for message in detector.sns.messages] == ["b", "c", "a"]


def test_a_session_that_comes_back_after_hours_is_not_alerted_on_again() -> None:
    detector = Detector()
    for hour in range(3):
        detector.process([arrival("a", hour * 3600, **ROBOT)])
    assert len(detector.sns.messages) == 1


def test_an_alert_that_was_given_up_is_published_when_its_event_is_redriven() -> None:
    """It is not judged again: what its session did before is no longer known."""
    detector = Detector()
    checkout = view("a", path="/checkout")
    detector.dynamodb.writes_left = 1
    with pytest.raises(CrashError):
        detector.process([checkout])
    detector.dynamodb.writes_left = None
    detector.dynamodb.tables["c-alerts"][("unusual_page_sequence#a",)]["state"] = {"S": "pending"}
    detector.sns.messages.clear()
    detector.restart()
    again = Redriven("anomaly_detector", (("shardId-0", "1"),))
    later = [view(name, after_s=3600, path="/checkout") for name in ("a", "b")]
    detector.process([msgspec.structs.replace(one, redriven=again) for one in later])
    assert [message["alert_id"] for message in detector.sns.messages] == ["unusual_page_sequence#a"]
    assert detector.stored() == {"unusual_page_sequence#a"}
