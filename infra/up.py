"""The platform kept running: `clickstream up`.

Belongs here: ports, the settings a state directory remembers, and what to try first.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

from infra.delivery_profiles import Delivery
from infra.demo import FINISHED_DEMO
from infra.local.endpoints import Ports
from infra.local.launcher import Platform
from infra.local.processes import require_free
from infra.local.specs import Options
from infra.local.state import State
from lambdas.shared.lake import DATEHOUR_FORMAT, start_of

_FIRST_PARTITIONS = timedelta(days=30)
_FIRST_EVENT = (
    '\'{"event_type": "page_view", "session_id": "s1", "page_url": "/home", '
    "\"event_time\": '$(date +%s)'}'"
)
_FIRST_QUERY = "SELECT event_type, count(*) FROM raw_events GROUP BY 1"
# A person is waiting: late files rebuild their hour after a minute, not a quarter of an hour.
_RESPONSIVE = {
    "DBT_POLL_INTERVAL_S": "0.05",
    "LATE_DEBOUNCE_S": "60",
    "COUNTERS_SETTLED_S": "90",
}
_REMEMBERED = ("first_hour", "last_hour")


@dataclass(frozen=True)
class UpOptions:
    """The options of `clickstream up`.

    Attributes:
        state_dir: Where the platform keeps its state.
        port: Port of the collector.
        ui_port: Port of Dagster's UI.
        archive_window_s: How long the archive gathers events into one object, in seconds.
        first_hour: First hour of the batch side's partitions; None for the one remembered.
        delivery: How the stream gets into the lake; None for what is remembered.
    """

    state_dir: Path
    port: int
    ui_port: int
    archive_window_s: float
    first_hour: str | None
    delivery: Delivery | None = None


def run(options: UpOptions, report: Callable[[str], None], show: Callable[[str], None]) -> None:
    """Runs the platform until it is interrupted.

    Args:
        options: The command's options.
        report: Told what begins, in a few words.
        show: Shows lines to the person.

    Raises:
        StateError: If the state directory cannot be used.
        StartError: If a port is taken, or a process does not come up or ends.
        ValueError: If `first_hour` is no hour.
    """
    if options.first_hour is not None:
        start_of(options.first_hour)
    if options.port == options.ui_port:
        raise ValueError(f"--port and --ui-port are both {options.port}: choose two ports")
    command, state = _command(), State(options.state_dir)
    with state.locked():
        collector = require_free(options.port, "collector", "--port")
        ui = require_free(options.ui_port, "Dagster UI", "--ui-port")
        settings = _platform_options(state, options)
        # From now on it holds what people sent: no later demo may replace it.
        (state.root / FINISHED_DEMO).unlink(missing_ok=True)
        platform = Platform(state, Ports.of_state(state, collector, ui), settings, report)
        try:
            platform.start()
            platform.start_dagster()
            for line in _welcome(platform, options, command):
                show(line)
            platform.keep_running()
        finally:
            platform.stop()


def _platform_options(state: State, options: UpOptions) -> Options:
    """The settings: those the directory remembers, and those given now."""
    month_ago = datetime.now(UTC) - _FIRST_PARTITIONS
    default = month_ago.replace(hour=0).strftime(DATEHOUR_FORMAT)
    remembered: dict[str, Any] = state.open(first_hour=default)
    if options.first_hour is not None:
        remembered = state.remember(first_hour=options.first_hour)
    if options.delivery is not None:
        remembered = state.remember(delivery=options.delivery)
    batch = {name.upper(): remembered[name] for name in _REMEMBERED if name in remembered}
    delivery: Delivery = remembered.get("delivery", "lambda")
    return Options(options.archive_window_s, {**batch, **_RESPONSIVE}, delivery)


def _welcome(platform: Platform, options: UpOptions, command: str) -> list[str]:
    url, default = platform.ports.collector_url, Path(".clickstream") / "platform"
    flag = "" if options.state_dir == default else f" --state-dir {options.state_dir}"
    return [
        "",
        f"  Dagster UI   [bold]{platform.ports.ui_url}[/bold]",
        f"  Collector    [bold]{url}/v1/events[/bold]",
        f"  Logs         {platform.state.root / 'logs'}",
        "",
        "  Try this, in another terminal:",
        f"    curl {url}/v1/events -d {_FIRST_EVENT}",
        f"    {command} send --rate 20 --events 500{flag}",
        f"    {command} status{flag}",
        f"    {command} query{flag} '{_FIRST_QUERY}'",
        "",
        *_closed_hours(platform),
        "  Ctrl-C stops everything; the state is kept.",
    ]


def _closed_hours(platform: Platform) -> list[str]:
    """A word on a state whose partitions have an end, as a demo's have."""
    last = platform.state.open().get("last_hour")
    if last is None:
        return []
    return [
        f"  The batch side of this state ends at {last}: events of other hours are counted and",
        "  archived, not rolled up. Without --state-dir, up starts a platform that goes on.",
        "",
    ]


def _command() -> str:
    """How the person can call this command: by name when it is on the path."""
    return "clickstream" if which("clickstream") else os.path.relpath(sys.argv[0])
