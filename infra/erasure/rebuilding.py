"""Building the marts anew.

Belongs here: by whom and how: Dagster where it runs, so that no other run builds them at the same
time; else dbt itself. What a mart is belongs in `dbt_sql/`.

One build after all hours were written anew is enough: it is told which and rebuilds the days that
depend on them (docs/adr/0012).
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from clickstream_platform.core.build_parts import BuildPart, parts_of_changed
from clickstream_platform.core.dbt_arguments import build_arguments
from infra.dagster_web.following import POLL_S
from infra.dagster_web.graphql import DagsterError, GraphQL
from infra.dagster_web.runs import Runs
from infra.dagster_web.workspace import find_job
from infra.erasure.errors import ErasureError
from infra.local.processes import Running, Spec, StartError

_JOB = "marts"
_OP = "dbt_models"
_REASON = {"clickstream/reason": "erasure"}
_LIMIT_S = 4 * 3600.0  # without a daemon the run would be queued for ever


class Rebuilder(Protocol):
    """Whoever builds the marts."""

    def rebuild(self, hours: Sequence[str]) -> None:
        """Builds the marts from the events as they are now, and waits until that is done.

        Args:
            hours: The hours that have changed; without any, all there is is built.

        Raises:
            ErasureError: If they cannot be built.
        """


class DagsterRebuilder:
    """A run of the job that builds them, queued behind the runs that do so already.

    Args:
        graphql: Dagster's web server.
        poll_s: How often the run is asked after, in seconds.
    """

    def __init__(self, graphql: GraphQL, poll_s: float = POLL_S) -> None:
        self._graphql = graphql
        self._runs = Runs(graphql, poll_s)

    def rebuild(self, hours: Sequence[str]) -> None:
        """As `Rebuilder.rebuild`."""
        try:
            self._rebuild(hours)
        except DagsterError as error:
            raise ErasureError(f"the marts cannot be built: {error}") from error

    def _rebuild(self, hours: Sequence[str]) -> None:
        job = find_job(self._graphql, _JOB)
        config = {"ops": {_OP: {"config": {"hours": sorted(hours)}}}} if hours else {}
        begun = self._runs.launch(job, config=config, tags=_REASON)
        run = self._runs.follow(begun, lambda _: None, limit_s=_LIMIT_S)
        if not run.is_final:
            raise ErasureError(
                f"the build of the marts is still {run.status}: {self._runs.url(run.run_id)}"
            )
        if not run.is_done:
            raise ErasureError(f"the build of the marts {self._runs.end_text(run)}")


class NoRebuilder:
    """Nobody, for who only looks."""

    def rebuild(self, hours: Sequence[str]) -> None:
        """As `Rebuilder.rebuild`; always refused."""
        raise ErasureError(f"who only looks builds no marts, nor those of {len(hours)} hours")


class DbtRebuilder:
    """dbt in a process of its own, for where no Dagster runs.

    Args:
        project: The dbt project's folder.
        environment: What its profile reads.
        max_days: Days of events that one command builds at most.
    """

    def __init__(self, project: Path, environment: Mapping[str, str], max_days: int) -> None:
        self._project = project
        self._environment = environment
        self._max_days = max_days

    def rebuild(self, hours: Sequence[str]) -> None:
        """As `Rebuilder.rebuild`."""
        if not hours:
            self._build(None)
            return
        for part in parts_of_changed(hours, self._max_days):
            self._build(part)

    def _build(self, part: BuildPart | None) -> None:
        beside = Path(sys.executable).with_name("dbt")
        with TemporaryDirectory(prefix="dbt-") as folder:
            command = (
                str(beside) if beside.exists() else "dbt",
                *build_arguments(part),
                *("--project-dir", str(self._project), "--profiles-dir", str(self._project)),
                *("--target-path", f"{folder}/target", "--log-path", f"{folder}/logs"),
            )
            dbt = Running(
                Spec("dbt", command, self._environment), Path(folder, "output"), self._project
            )
            try:
                dbt.wait_ended()
            except StartError as error:
                raise ErasureError(f"the marts cannot be built: {error}") from error
            finally:  # interrupted, it is not to go on alone
                dbt.ask_to_stop()
                dbt.wait_stopped()
