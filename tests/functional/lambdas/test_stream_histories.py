"""Whatever happens on the way, all consumers end up with what is on the stream, each on its own.

A history is any order of: events that arrive, some of them again, some of them junk; time that
passes; shards that split and merge; batches of any boundaries, delivered again from before, that
die at any write, are cut in two, tried again, given up and redriven; processes that start cold
or take turns.
"""

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from lambdas.shared.limits import Limits
from lambdas.shared.stream import decode_batch
from tests.functional.lambdas.by_hand import session_alerts
from tests.functional.lambdas.detecting import Detector
from tests.functional.lambdas.histories import (
    BAD,
    JUNK,
    SCATTERED,
    TOUCHY,
    Aggregating,
    Archiving,
    Consumer,
    Detecting,
    Stream,
)
from tests.functional.lambdas.test_exact_counting import (
    counted,
    expected,
    expected_sketches,
    sketched,
)

consumers = st.sampled_from(["aggregator", "detector", "archive"])
crashes = st.none() | st.integers(0, 8)


class Histories(RuleBasedStateMachine):
    """One stream and its consumers."""

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.stream = Stream(self.chance)
        self.consumers = {
            "aggregator": Consumer(self.stream, Aggregating(self.stream)),
            "detector": Consumer(self.stream, Detecting(self.stream)),
            "archive": Consumer(self.stream, Archiving(self.stream)),
        }

    @rule(count=st.integers(1, 12))
    def arrive(self, count: int) -> None:
        self.stream.produce(count)

    @rule(minutes=st.sampled_from([1, 2, 6, 31]))
    def time_passes(self, minutes: int) -> None:
        self.stream.wait(minutes)

    @rule()
    def split(self) -> None:
        self.stream.split()

    @rule()
    def merge(self) -> None:
        self.stream.merge()

    @rule(name=consumers, size=st.integers(1, 9), again=st.integers(0, 4), crash_after=crashes)
    def attempt(self, name: str, size: int, again: int, crash_after: int | None) -> None:
        consumer = self.consumers[name]
        if shards := consumer.readable():
            consumer.attempt(self.chance.choice(shards), size, again, crash_after)

    @rule(name=consumers, size=st.integers(2, 9), tries=st.lists(st.integers(0, 8), max_size=4))
    def deliver(self, name: str, size: int, tries: list[int]) -> None:
        consumer = self.consumers[name]
        if shards := consumer.readable():
            consumer.deliver(self.chance.choice(shards), size, tries)

    @rule(
        name=consumers,
        size=st.integers(1, 9),
        tries=st.lists(st.integers(0, 8), min_size=2, max_size=12),
    )
    def deliver_in_vain(self, name: str, size: int, tries: list[int]) -> None:
        """So often that some of it may be given up."""
        consumer = self.consumers[name]
        if shards := consumer.readable():
            consumer.deliver(self.chance.choice(shards), size, tries, retries=1)

    @rule(name=consumers, twice=st.booleans())
    def redrive(self, name: str, twice: bool) -> None:
        self.consumers[name].redrive(twice=twice)

    @rule(name=consumers)
    def restart(self, name: str) -> None:
        self.consumers[name].function.restart()

    @rule(name=consumers)
    def swap(self, name: str) -> None:
        self.consumers[name].function.swap()

    def teardown(self) -> None:
        if not hasattr(self, "stream"):
            return
        for _ in range(2):  # what one redrives the others have to read
            for consumer in self.consumers.values():
                consumer.drain()
        self.counters_are_the_distinct_events()
        if not self.consumers["detector"].has_given_up:  # else some are judged out of order
            self.alerts_are_those_of_one_undisturbed_pass()
        self.every_record_is_archived_or_set_aside()

    def counters_are_the_distinct_events(self) -> None:
        dynamodb = self.consumers["aggregator"].function.dynamodb
        assert counted(dynamodb) == expected(self.stream.events)
        assert sketched(dynamodb) == expected_sketches(self.stream.events)

    def alerts_are_those_of_one_undisturbed_pass(self) -> None:
        calm, found = Detector(TOUCHY), []
        calm.shards.made_from = self.stream.made_from
        for shard in self.stream.shards.values():  # parents come before their children
            found += calm.process(decode_batch(shard.records, Limits(), "anomaly_detector")[0])
        detector = self.consumers["detector"].function.detector
        assert detector.stored() == calm.stored()
        # where a session is on two shards, either may find its alert first
        assert all(message in found for message in detector.sns.messages)
        assert _of_sessions(detector.stored()) == _of_sessions(session_alerts(self.stream.shards))

    def every_record_is_archived_or_set_aside(self) -> None:
        rows: dict[bool, set[str]] = {True: set(), False: set()}
        for key, found in self.consumers["archive"].function.objects.items():
            rows[key[0] == BAD].update(found)
        records = [r for shard in self.stream.shards.values() for r in shard.records]
        assert rows[True] == {r.sequence_number for r in records if r.data == JUNK}
        assert rows[False] == {event.event_id for event in self.stream.events}


def _of_sessions(alerts: set[str]) -> set[str]:
    """Those about a session that is on one shard at a time."""
    return {
        alert for alert in alerts if not alert.startswith("traffic_") and SCATTERED not in alert
    }


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
