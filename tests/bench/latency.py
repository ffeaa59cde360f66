"""From accepted to counted: `python -m tests.bench.latency --state-dir DIR` on a running platform.

Belongs here: sending events at a steady rate and watching some of them appear in the counters. What
is measured is the time from the collector's answer until the event's session item can be read.
"""

import argparse
import json
import os
import statistics
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import urllib3

from infra.local.endpoints import Ports, aws_environment
from infra.local.state import State, write_json

BATCH = 10
WATCHED_BATCH = 4  # one in so many: the watchers share the machine with what they watch
POLL_S = 0.05
TIMEOUT_S = 30.0


def send(url: str, rate: float, seconds: float, watch: Any) -> int:
    """Sends batches of events at a steady rate; hands some of their sessions to `watch`."""
    pool, sent = urllib3.PoolManager(maxsize=4), 0
    started = time.monotonic()
    while (elapsed := time.monotonic() - started) < seconds:
        if sent > elapsed * rate:
            time.sleep(0.005)
            continue
        sessions = [f"latency-{uuid.uuid4()}" for _ in range(BATCH)]
        events = [
            {
                "event_type": "page_view",
                "event_time": datetime.now(UTC).isoformat(),
                "session_id": session,
                "page_url": f"/page-{number}",
            }
            for number, session in enumerate(sessions)
        ]
        answer = pool.request("POST", f"{url}/v1/events", json=events, timeout=20.0)
        if answer.json()["accepted"] != BATCH:
            raise RuntimeError(f"not all were accepted: {answer.data[:500]!r}")
        sent += BATCH
        if sent % (WATCHED_BATCH * BATCH) == 0:
            watch(sessions[0], time.monotonic())
    return sent


class Watcher:
    """Waits for sessions to appear, several at a time."""

    def __init__(self) -> None:
        self._dynamodb = boto3.client("dynamodb")
        self._threads: list[threading.Thread] = []
        self.seconds: list[float] = []

    def watch(self, session: str, accepted_at: float) -> None:
        """Starts to wait for one session."""
        thread = threading.Thread(target=self._wait, args=(session, accepted_at))
        thread.start()
        self._threads.append(thread)

    def join(self) -> None:
        """Waits for all of them."""
        for thread in self._threads:
            thread.join()

    def _wait(self, session: str, accepted_at: float) -> None:
        key = {"session_id": {"S": session}}
        while time.monotonic() - accepted_at < TIMEOUT_S:
            item = self._dynamodb.get_item(
                TableName="clickstream-session-metrics", Key=key, ConsistentRead=True
            )
            if "Item" in item:
                break
            time.sleep(POLL_S)
        self.seconds.append(time.monotonic() - accepted_at)


def as_table(result: dict[str, Any]) -> str:
    """The result as a page."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in result.items())
    return (
        "# From accepted to counted\n\n"
        "Seconds from the collector's answer until the event's session can be read from DynamoDB, "
        "on the\nembedded AWS with the topology's 1 s window.\n\n"
        f"| figure | value |\n| --- | ---: |\n{rows}\n"
    )


def main() -> None:
    """Measures, prints and writes docs/bench/latency.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state-dir", type=Path, default=Path(".clickstream/platform"))
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--out", type=Path, default=Path("docs/bench/latency.json"))
    arguments = parser.parse_args()
    ports = Ports(**State(arguments.state_dir).read_running()["ports"])
    os.environ.update(aws_environment(ports))
    watcher = Watcher()
    sent = send(ports.collector_url, arguments.rate, arguments.seconds, watcher.watch)
    watcher.join()
    cuts = statistics.quantiles(watcher.seconds, n=100)
    result = {
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": os.cpu_count(),
        "events": sent,
        "events_per_s": round(sent / arguments.seconds),
        "sampled": len(watcher.seconds),
        "p50_s": round(cuts[49], 2),
        "p90_s": round(cuts[89], 2),
        "p99_s": round(cuts[98], 2),
        "max_s": round(max(watcher.seconds), 2),
        "target_p99_s": 2.0,
    }
    write_json(arguments.out, result)
    arguments.out.with_suffix(".md").write_text(as_table(result))
    print(json.dumps(result, indent=2))  # noqa: T201 - a benchmark's output


if __name__ == "__main__":
    main()
