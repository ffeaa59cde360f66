"""`clickstream validate`.

Belongs here: the command, its options and the order of what a person sees. What is sent belongs in
`marks`, where it is looked for in `stages`; `infra.deploy.commands` mounts it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from infra.deploy import options
from infra.deploy.sites import Site
from infra.deploy.validation import stages, text
from infra.deploy.validation.following import Outcome, follow
from infra.deploy.validation.marks import MOST_EVENTS, Run, moment
from infra.deploy.validation.sending import NotAcceptedError, Send, by_collector, by_stream
from infra.early_ends import console
from infra.option_groups import with_groups
from infra.reach import Reach
from infra.surroundings import Surroundings

# The archive gathers for a minute, and a batch may be tried again.
_SOON_S = 180
# Late files are gathered for a quarter of an hour; then a run is started, and may wait for another.
_ROLLED_UP_S = 2700
_CLOCKS_APART = timedelta(minutes=1)

Events = Annotated[int, typer.Option(help="Events to send.", min=1, max=MOST_EVENTS)]
Lake = Annotated[
    bool,
    typer.Option(
        "--lake",
        help="Also wait until they are found in the lake. They are of the last hour that is over "
        "then, which is rebuilt with them.",
    ),
]
Resume = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Send nothing; look for the events of an earlier call again."),
]
Stream = Annotated[
    bool, typer.Option("--stream", help="Put them onto the stream, past the collector.")
]
Timeout = Annotated[
    int | None,
    typer.Option(
        help=f"Seconds to wait at most; {_SOON_S} if left, with --lake {_ROLLED_UP_S}.", min=1
    ),
]


@dataclass(frozen=True)
class Wishes:
    """What is to be done.

    Attributes:
        events: How many events to send.
        lake: Whether to wait for the lake.
        resume: An earlier validation; None for a new one.
        stream: Whether to go past the collector.
        timeout_s: How long to wait, in seconds.
        as_json: Whether to print JSON.
    """

    events: int
    lake: bool
    resume: str | None
    stream: bool
    timeout_s: int
    as_json: bool


class ValidateCommand:
    """The command, on its surroundings."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    @with_groups
    def validate(
        self,
        *,
        events: Events = 5,
        lake: Lake = False,
        resume: Resume = None,
        stream: Stream = False,
        timeout: Timeout = None,
        reach: Reach,
        collector: options.Collector = None,
        as_json: options.AsJson = False,
    ) -> None:
        """Send a few marked events, each twice, and find each of them counted and kept once.

        Tells how long it took until they were accepted, counted, archived, and with --lake rolled
        up. The marts leave them out, because they are marked as a bot's. The exit code is 1 when a
        stage has not seen all of them in time, or one of them more than once.
        """
        limit_s = timeout or (_ROLLED_UP_S if lake else _SOON_S)
        wishes = Wishes(events, lake, resume, stream, limit_s, as_json)
        with self._errors_as_messages(), self._around.aws_errors(), self._around.interrupts():
            site = self._around.platform(reach)
            addresses = site.addresses.given(collector)
            self._run(replace(site, addresses=addresses), wishes)

    def _run(self, site: Site, wishes: Wishes) -> None:
        now = datetime.now(UTC)
        accepted_s: float | None = None
        if wishes.resume is not None:
            run, since = Run.of_id(wishes.resume), None
        else:
            occurred_at = moment(now, of_last_hour=wishes.lake)
            run, since = Run.begin(occurred_at, wishes.events), now - _CLOCKS_APART
            accepted_s = self._send(self._door(site, wishes), run, occurred_at)
            self._say(text.seen_line("accepted", accepted_s, f"{run.events} events, each twice"))
        looked_at = [
            stages.counted(site.client, site.topology, run),
            stages.archived(site.client, site.topology, run, since),
        ]
        if wishes.lake:
            looked_at.append(stages.in_the_lake(site.client, site.topology, run))
        outcomes = follow(looked_at, run.events, wishes.timeout_s, self._tell)
        self._conclude(site, run, wishes, accepted_s, outcomes)

    def _door(self, site: Site, wishes: Wishes) -> Send:
        if wishes.stream:
            return by_stream(site.client, site.topology.stream.name)
        return by_collector(self._around.collector_of(site.addresses), wishes.timeout_s)

    def _send(self, send: Send, run: Run, occurred_at: datetime) -> float:
        started = time.monotonic()
        self._say(f"Sending {run.id}")
        for _ in range(2):
            send(run.payloads(occurred_at))
        return time.monotonic() - started

    def _conclude(
        self,
        site: Site,
        run: Run,
        wishes: Wishes,
        accepted_s: float | None,
        outcomes: list[Outcome],
    ) -> None:
        if wishes.as_json:
            typer.echo(text.as_json(run, accepted_s, outcomes))
        for line in text.what_stays(run, site):
            self._say(line)
        wrong = list(text.faults(outcomes, run, wishes.timeout_s))
        for line in wrong:
            self._say(line)
        if wrong:
            again = f"clickstream validate --resume {run.id}{' --lake' if wishes.lake else ''}"
            self._around.fail(
                f"not every stage is right. To look again: {again}{site.options}; to see why: "
                f"clickstream doctor{site.options}"
            )

    def _tell(self, outcome: Outcome) -> None:
        self._say(text.seen_line(outcome.stage.name, outcome.seconds or 0, outcome.stage.where))

    def _say(self, line: str) -> None:
        console.print(line, soft_wrap=True, markup=False)

    @contextmanager
    def _errors_as_messages(self) -> Iterator[None]:
        try:
            yield
        except NotAcceptedError as error:
            self._around.fail(f"accepted: {error}. Nothing further was looked for")
        except ValueError as error:
            self._around.fail(str(error), code=2)
        except KeyboardInterrupt:
            self._around.fail("no longer looking; what was sent goes its way", code=130)
