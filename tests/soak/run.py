"""One soak from start to end.

Belongs here: the order of things and how long each may take. What is sent, broken and checked
belongs in `traffic`, `faults` and `checks`.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from infra.local.processes import StartError
from infra.local.progress import is_drained
from infra.local.state import State
from tests.soak.checks import Evidence, check_all
from tests.soak.comparison import Check, Difference
from tests.soak.faults import Faults
from tests.soak.logs import read_logs
from tests.soak.outcome import Options, Report
from tests.soak.rig import SoakPlatform
from tests.soak.schedule import timetable
from tests.soak.sending import send
from tests.soak.stored import GivenUp, Subscription, read_given_up
from tests.soak.stream_log import StreamLog, understand
from tests.soak.traffic import Traffic

_POLL_S = 0.5
_REDRIVES = 10


class SoakError(RuntimeError):
    """The soak could not be carried out; the message says what it was doing."""


class Soak:
    """One soak on a platform of its own.

    Args:
        state: Where the platform keeps its state; locked by the caller.
        options: What may differ.
        say: Told what is going on, in a few words.
    """

    def __init__(self, state: State, options: Options, say: Callable[[str], None]) -> None:
        self._state = state
        self._options = options
        self._say = say
        self._deadline = time.monotonic() + options.limit_s
        self._doing = "starting"
        self._since = time.monotonic()
        self._platform = SoakPlatform(state, say)
        self._report = Report()

    def run(self) -> Report:
        """Runs it.

        Raises:
            SoakError: If it does not end in time, or a step fails.
            SendError: If the collector does not take everything.
            StartError: If the platform does not come up.
        """
        self._stage("making the traffic")
        traffic = Traffic(self._options.events, self._options.seed)
        self._stage("starting")
        try:
            self._platform.start()
            self._soak(traffic)
        finally:
            self._stage("stopping")
            self._platform.stop()
        self._stage("done")
        return self._report

    def _soak(self, traffic: Traffic) -> None:
        topology, report = self._platform.topology, self._report
        subscription = Subscription(topology.topics[0].name)
        self._send(traffic)
        stream = StreamLog(topology.stream.name)
        self._stage("waiting for the functions")
        self._drain(stream)
        given_up = self._redrive(stream)
        self._stage("checking")
        report.kills = dict(self._platform.kills)
        report.ends = dict(self._platform.ends - self._platform.kills)
        report.told = read_logs(self._state.folder("logs"), self._platform.packages)
        report.given_up = dict(Counter(batch.function for batch in given_up))
        report.redriven = sum(batch.size for batch in given_up)
        left = len(read_given_up(self._failures))
        contents = understand(stream.rows, traffic)
        evidence = Evidence(traffic, stream.rows, contents, given_up, left)
        result = check_all(evidence, topology.stack, topology.buckets[0].name, subscription)
        report.checks += [*result.checks, report.told.check]
        report.figures = dict(result.figures)

    def _send(self, traffic: Traffic) -> None:
        """Sends everything while things go wrong, and ends what goes wrong."""
        options, platform, report = self._options, self._platform, self._report
        moments = timetable(options.seed, options.sending_s) if options.faults else []
        faults = Faults(platform, moments)
        self._stage(f"sending {len(traffic.sent):,} events in {options.sending_s:.0f} s")
        if options.faults:
            faults.start()
        try:
            report.sent = send(
                traffic.sent,
                platform.ports.collector_url,
                platform.topology.stream.name,
                len(traffic.sent) / options.sending_s,
                lambda number: self._check_time() if number % 100 == 0 else None,
            )
        except BaseException:
            with suppress(Exception):  # what failed first is what counts
                faults.heal()  # or the functions cannot stop in good order
            raise
        self._stage("healing")
        report.injected, report.begun = faults.heal(), dict(faults.begun)
        if report.sent.rejected:
            raise SoakError(f"the collector rejected {report.sent.rejected} events")

    def _drain(self, stream: StreamLog) -> None:
        """Waits until every function has read everything."""
        end, folder = stream.look(), self._state.folder("mappings")
        waiting = self._platform.packages
        while waiting := [name for name in waiting if not is_drained(folder, name, end)]:
            self._check_time(f": {', '.join(waiting)} still behind")
            time.sleep(_POLL_S)

    def _redrive(self, stream: StreamLog) -> list[GivenUp]:
        """Redrives until nothing is left, or it fails; returns everything that was given up."""
        given_up: list[GivenUp] = []
        for _ in range(_REDRIVES):
            found = read_given_up(self._failures)
            if not found:
                break
            given_up += found
            self._stage(f"redriving {len(found)} batches")
            self._report.redrives += 1
            problem = self._redrive_once()
            self._drain(stream)
            if problem is not None:
                differs = [Difference("exit code", "0", "1", problem)]
                self._report.checks.append(Check("clickstream redrive succeeds", 0, 1, differs))
                break
        return given_up

    def _redrive_once(self) -> str | None:
        """Runs the command; returns what it said when it failed."""
        command = ("infra.cli", "redrive", "--yes", "--state-dir", str(self._state.root))
        left = max(10.0, self._deadline - time.monotonic())
        try:
            done = subprocess.run(
                [sys.executable, "-m", *command],
                capture_output=True,
                text=True,
                check=False,
                timeout=left,
            )
        except subprocess.TimeoutExpired as error:
            raise SoakError(f"redrive did not end within {left:.0f} s") from error
        return f"{done.stdout}{done.stderr}" if done.returncode else None

    @property
    def _failures(self) -> str:
        return f"{self._platform.topology.stack}-failed-batches"

    def _stage(self, doing: str) -> None:
        now = time.monotonic()
        spent = self._report.seconds
        name = self._doing.partition(" ")[0]
        spent[name] = round(spent.get(name, 0) + now - self._since, 1)
        self._doing, self._since = doing, now
        self._say(doing)

    def _check_time(self, more: str = "") -> None:
        if self._platform.died is not None:
            raise StartError(self._platform.died)
        if time.monotonic() > self._deadline:
            raise SoakError(
                f"not done after {self._options.limit_s:.0f} s; it was {self._doing}{more}"
            )
