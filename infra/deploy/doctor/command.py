"""`clickstream doctor`.

Belongs here: the command, and which platform it is about. What is looked at belongs in the checks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import typer
from rich.console import Console

from infra.deploy import options
from infra.deploy.access import AccessError
from infra.deploy.doctor import machine
from infra.deploy.doctor.account import no_access
from infra.deploy.doctor.findings import Finding, ok, problem
from infra.deploy.doctor.registry import checks_of, run_checks
from infra.deploy.doctor.text import as_json, finding_lines, is_well, summary_line
from infra.local.state import StateError
from infra.option_groups import with_groups
from infra.reach import Reach
from infra.surroundings import Surroundings


class DoctorCommand:
    """The command, on its surroundings."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    @with_groups
    def doctor(
        self,
        *,
        reach: Reach,
        collector: options.Collector = None,
        dagster_url: options.Dagster = None,
        as_json_: options.AsJson = False,
    ) -> None:
        """Say what is missing or wrong, what it means, and what to do.

        Looks at this machine, then at the platform: the running one, or with --aws the one in an
        account. It only reads. The exit code is 1 when there is a problem; warnings leave it 0.
        """
        self._around.require_sense(reach)
        platform = self._of_platform(reach, collector, dagster_url)
        findings = self._tell(_of_machine(reach.state_dir), platform, quietly=as_json_)
        if as_json_:
            typer.echo(as_json(findings))
        else:
            typer.echo(summary_line(findings))
        if not is_well(findings):
            raise typer.Exit(1)

    def _of_platform(
        self, reach: Reach, collector: str | None, dagster: str | None
    ) -> Iterator[Finding]:
        """Everything about the platform, or why it cannot be looked at."""
        try:
            site = self._around.find(reach)
        except StateError as error:
            yield from machine.check_ports()
            yield problem("platform", str(error), "there is nothing to look at", "clickstream up")
            return
        except AccessError as error:
            yield no_access(error)
            return
        yield ok("platform", site.name)
        addresses = site.addresses.given(collector, dagster)
        yield from run_checks(checks_of(replace(site, addresses=addresses)))

    def _tell(self, *parts: Iterable[Finding], quietly: bool) -> list[Finding]:
        """Says each finding as soon as it is made."""
        out, findings = Console(highlight=False), []
        with self._around.interrupts():
            for finding in (finding for part in parts for finding in part):
                findings.append(finding)
                for line in () if quietly else finding_lines(finding):
                    out.print(line, soft_wrap=True)
        return findings


def _of_machine(state_dir: Path) -> Iterator[Finding]:
    yield from machine.check_python()
    yield from machine.check_node()
    yield from machine.check_compiler()
    yield from machine.check_disk(state_dir)
