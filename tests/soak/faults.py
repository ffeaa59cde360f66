"""Faults switched on and off while a soak runs.

Belongs here: following the timetable, telling the two proxies, killing processes, splitting and
merging shards, and what was really done. Which faults there are belongs in `schedule`.
"""

import re
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
import urllib3

from infra.local.processes import LOOPBACK
from tests.soak.rig import SoakPlatform
from tests.soak.schedule import ALWAYS, Fault, Moment, Odds

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import ShardTypeDef

_FIRED = re.compile(
    r'^microburst_faults_total\{service="(?P<service>[^"]*)",operation="(?P<operation>[^"]*)",'
    r'action="(?P<action>[^"]*)"\} (?P<count>\d+)',
    re.MULTILINE,
)


class Proxies:
    """The control of both proxies."""

    def __init__(self, platform: SoakPlatform) -> None:
        self._pool = urllib3.PoolManager()
        self._microburst = f"http://{LOOPBACK}:{platform.specs.microburst}/_microburst"
        self._lossy = f"http://{LOOPBACK}:{platform.specs.lossy}/_lossy"

    def set(self, faults: list[Fault]) -> None:
        """Makes exactly these faults happen from now on; the first that matches a call wins."""
        rules = [rule for fault in faults for rule in fault.rules]
        odds: Odds = {}
        for fault in faults:
            for service, wanted in fault.odds.items():
                known = odds.setdefault(service, {})
                known.update({kind: max(p, known.get(kind, 0)) for kind, p in wanted.items()})
        self._post(f"{self._microburst}/rules", rules)
        self._post(f"{self._lossy}/odds", odds)

    def injected(self) -> dict[str, int]:
        """How often each kind of fault was injected, by service."""
        found: Counter[str] = Counter()
        metrics = self._pool.request("GET", f"{self._microburst}/metrics").data.decode()
        for fired in _FIRED.finditer(metrics):
            action = fired["action"].partition("latency:")[0] or "latency"  # each of other length
            found[f"{fired['service']} {action}"] += int(fired["count"])
        counts = self._pool.request("GET", f"{self._lossy}/counts").json()["counts"]
        return dict(sorted({**found, **counts}.items()))

    def _post(self, url: str, body: Any) -> None:
        answer = self._pool.request("POST", url, json=body)
        if answer.status != 200:
            raise RuntimeError(f"{url} answers {answer.status}: {answer.data[:300]!r}")


class Faults:
    """A timetable under way in a thread of its own."""

    def __init__(self, platform: SoakPlatform, moments: list[Moment]) -> None:
        self._platform = platform
        self._moments = moments
        self._proxies = Proxies(platform)
        self._kinesis: KinesisClient = boto3.client("kinesis")
        self._stream = platform.topology.stream.name
        self._healed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)
        self.begun: Counter[str] = Counter()
        self.error: Exception | None = None

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def heal(self) -> dict[str, int]:
        """Ends every fault; returns what was injected.

        Raises:
            RuntimeError: If the timetable could not be followed.
        """
        self._healed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._proxies.set([])
        if self.error is not None:
            raise RuntimeError(f"the faults ended early: {self.error!r}") from self.error
        return self._proxies.injected()

    def _run(self) -> None:
        try:
            self._follow()
        except Exception as error:  # raised again by `heal`
            self.error = error

    def _follow(self) -> None:
        started = time.monotonic()
        current: list[tuple[float, Fault]] = []
        self._proxies.set([ALWAYS])
        waiting = list(self._moments)
        while waiting or current:
            ends = [end for end, _ in current]
            due = min([*ends, *(moment.at_s for moment in waiting[:1])])
            if self._healed.wait(max(0.0, started + due - time.monotonic())):
                return
            if ends and due == min(ends):
                current = [(end, fault) for end, fault in current if end > due]
            else:
                moment = waiting.pop(0)
                self.begun[moment.act if moment.fault is None else moment.what] += 1
                if moment.fault is None:
                    self._act(moment)
                    continue
                current.append((moment.at_s + moment.fault.seconds, moment.fault))
            self._proxies.set([*(fault for _, fault in current), ALWAYS])

    def _act(self, moment: Moment) -> None:
        if moment.act == "kill":
            self._platform.kill(moment.what)
        elif moment.act == "split":
            self._split()
        else:
            self._merge()

    def _split(self) -> None:
        """Splits the first shard in two equal halves."""
        first = self._open_shards()[0]
        bounds = first["HashKeyRange"]
        middle = (int(bounds["StartingHashKey"]) + int(bounds["EndingHashKey"]) + 1) // 2
        self._kinesis.split_shard(
            StreamName=self._stream,
            ShardToSplit=first["ShardId"],
            NewStartingHashKey=str(middle),
        )

    def _merge(self) -> None:
        """Merges the last two shards: one of them is a child of the split, the other is not."""
        *_, one, other = self._open_shards()
        self._kinesis.merge_shards(
            StreamName=self._stream,
            ShardToMerge=one["ShardId"],
            AdjacentShardToMerge=other["ShardId"],
        )

    def _open_shards(self) -> list["ShardTypeDef"]:
        """The shards that take records, in the order of their hash keys."""
        shards = self._kinesis.list_shards(StreamName=self._stream)["Shards"]
        is_open = [s for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
        return sorted(is_open, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
