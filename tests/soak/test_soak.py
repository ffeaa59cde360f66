"""The soak's own rules: a soak that judges wrongly is worse than none."""

import json
import random
import re
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest

from tests.soak import comparison, expected, halves
from tests.soak.expected import Counts
from tests.soak.facts import Direct, Fact
from tests.soak.given_up import places
from tests.soak.half_publish import halve_publish
from tests.soak.logs import Told, read_logs
from tests.soak.schedule import SHORTEST_S, TRACKS, timetable
from tests.soak.sessions import BURSTS, CHECKOUTS
from tests.soak.stored import GivenUp
from tests.soak.stream_log import Arrived, Row, understand
from tests.soak.traffic import Traffic

SHARD = "shardId-000000000000"


def stream_of(traffic: Traffic) -> list[Row]:
    """The traffic as it would lie on a stream of one shard that loses nothing."""
    rows = []
    for number, sent in enumerate(traffic.sent):
        data = sent.data if isinstance(sent, Direct) else msgspec.json.encode(sent.event)
        rows.append(Row(number, str(number), SHARD, "", data))
    return rows


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    return Traffic(5000, seed=7)


def test_every_record_of_the_traffic_is_understood(traffic: Traffic) -> None:
    contents = understand(stream_of(traffic), traffic)
    assert contents.unknown == []
    assert len(contents.bad) == len(traffic.bad)
    assert len(contents.facts) == len(traffic.facts) + len(traffic.nameless)
    assert len(contents.events) > len(contents.facts)  # some came twice


def test_counts_agree_with_each_other(traffic: Traffic) -> None:
    facts = understand(stream_of(traffic), traffic).facts
    counts: Counts = expected.count(facts)
    totals = {sum(part.values()) for part in (counts.minutes, counts.sessions)}
    assert totals == {sum(counts.session_minutes.values())} == {len(facts)}
    assert sum(counts.pages.values()) == sum(counts.views.values())
    longest = Counter(session for session, _ in counts.session_minutes)
    assert max(longest.values()) <= 15  # as many as a session's item counts one by one


def test_only_the_sessions_made_for_it_raise_alerts(traffic: Traffic) -> None:
    events = understand(stream_of(traffic), traffic).events
    found = expected.alerts(events, set()).must
    kinds = Counter(name.split("#")[0] for name in found)
    assert kinds["suspicious_user_agent"] == 5
    assert kinds["high_frequency_clicks"] == sum(size > 50 for size in BURSTS)
    noticed = {name.split("#")[1].split("-")[1] for name in found if name.startswith("unusual")}
    fine = {"pppK", "pppT", "pcpcpK", "ppppTpK", "nnnK", "pppcKpT", "ppnT"}
    assert noticed == set(CHECKOUTS) - fine


def test_alerts_that_depend_on_the_order_may_be_there_or_not() -> None:
    """Views given up and sent again behind the checkout: the detector cannot know them in time."""

    def event(place: int, type_: str, event_id: str) -> Arrived:
        fact = Fact(type_, "s", place * 1000, "/page/1", "v", None, "s")
        return Arrived(Row(place, str(place), SHARD, "s", b""), event_id, fact)

    views = [event(place, "page_view", f"v{place}") for place in range(3)]
    again = [event(place + 10, "page_view", f"v{place}") for place in range(3)]
    events = [*views, event(5, "checkout", "c"), *again]
    assert expected.alerts(events, set()).may == set()
    assert expected.alerts(events, {0}) == (set(), {"unusual_page_sequence#s"})


def test_statements_that_say_they_failed_may_have_been_executed() -> None:
    sent = [{"Statement": str(number)} for number in range(200)]
    half = halves.statements({"Statements": sent}, 0.5, random.Random(1))
    forwarded = json.loads(half.body or b"")["Statements"]
    executed = {statement["Statement"] for statement in forwarded}
    responses = [{"of": statement["Statement"]} for statement in forwarded]
    answer = json.loads(half.whole(json.dumps({"Responses": responses}).encode()))
    for number, response in enumerate(answer["Responses"]):
        code = response.get("Error", {}).get("Code")
        assert (str(number) in executed) == (code in {None, "InternalServerError"})
        assert code or response == {"of": str(number)}  # each answer is that of its statement
    assert half.refused == sum("Error" in response for response in answer["Responses"])


def test_refused_records_and_keys_come_back() -> None:
    sent = {"Records": [{"Data": str(number)} for number in range(50)]}
    half = halves.records(sent, 0.5, random.Random(1))
    assert half.body is not None
    kept = json.loads(half.body)["Records"]
    answer = json.loads(half.whole(half.body))
    assert answer["FailedRecordCount"] == half.refused == 50 - len(kept)
    assert [one for one in answer["Records"] if "ErrorCode" not in one] == kept
    keys = {"RequestItems": {"t": {"Keys": [{"k": {"S": str(n)}} for n in range(50)]}}}
    read = halves.items(keys, 0.5, random.Random(1))
    left = json.loads(read.whole(b""))["UnprocessedKeys"]["t"]["Keys"]
    assert len(left) + len(json.loads(read.body or b"")["RequestItems"]["t"]["Keys"]) == 50


@pytest.mark.parametrize(("odds", "is_forwarded"), [(0.5, True), (1.0, False)])
def test_refused_messages_come_back(odds: float, is_forwarded: bool) -> None:
    names = {f"PublishBatchRequestEntries.member.{n + 1}.Id": str(n) for n in range(10)}
    body = urlencode({"Action": "PublishBatch", "TopicArn": "t", **names}).encode()
    half = halve_publish(body, odds, random.Random(1))
    assert half is not None
    kept = dict(parse_qsl((half.body or b"").decode()))
    assert (half.body is not None) == is_forwarded
    published = {value for name, value in kept.items() if name.endswith(".Id")}
    answer = half.whole(b"<Failed></Failed>" if is_forwarded else b"")
    refused = set(re.findall(r"<Id>(\d+)</Id>", answer.decode()))
    assert (published | refused, published & refused) == (set(map(str, range(10))), set())


def test_every_fault_comes_in_the_shortest_soak() -> None:
    for seed in range(20):
        for seconds in (SHORTEST_S, 1.2 * SHORTEST_S, 2 * SHORTEST_S):
            moments = timetable(seed, seconds)
            begun = {moment.what for moment in moments if moment.fault is not None}
            assert begun == {fault.name for track in TRACKS for fault in track}
            assert all(m.at_s + (m.fault.seconds if m.fault else 0) <= seconds for m in moments)


def test_given_up_ranges_are_of_one_shard() -> None:
    rows = [Row(place, str(place), f"shardId-{place % 2}", "", b"") for place in range(10)]
    found = places(rows, [GivenUp("f", "shardId-1", 3, 7, 3)])
    assert found == {"f": {3, 5, 7}}


def test_a_difference_shows_both_figures() -> None:
    check = comparison.counts("c", {("a",): 2}, {("a",): 1, ("b",): 1}, lambda _: "why")
    assert not check.holds
    assert [tuple(item) for item in check.differences] == [
        ("a", "2", "1", "why"),
        ("b", "0", "1", "why"),
    ]
    assert comparison.sets("s", {1}, {1, 2}, allowed={2}).holds
    assert not comparison.sets("s", {1}, {2}, allowed={2}).holds


def test_a_failure_of_our_own_is_told_from_an_injected_one(tmp_path: Path) -> None:
    log = tmp_path / "f.log"
    entry = "2026-11-23 05:40:42,370 ERROR invocation failed for 2 records\nTraceback (most"
    log.write_text(
        f"{entry}\n  File x\nbotocore.exceptions.ClientError: An error occurred (Denied) when "
        f"calling the PutItem operation: no\n{entry}\n  File y\nKeyError: 'x'\n"
    )
    told: Told = read_logs(log.parent, ["f"])
    assert told.failed == {"f": 2}
    assert told.check.found == 1
    assert told.check.differences[0].item == "f KeyError"
