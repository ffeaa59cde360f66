"""`clickstream doctor`.

Belongs here: the command, and which platform it is about. What is looked at belongs in the checks.
"""

from collections.abc import Callable, Iterable, Iterator
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
from infra.deploy.sites import Account, Site, account_site, local_site
from infra.local.state import State, StateError
from infra.surroundings import HOME, StateDir, Surroundings


class DoctorCommand:
    """The command, on its surroundings."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    def doctor(
        self,
        on_aws: options.OnAws = False,
        stack: options.Stack = options.DEFAULT_STACK,
        profile: options.Profile = None,
        region: options.Region = None,
        collector: options.Collector = None,
        dagster_url: options.Dagster = None,
        as_json_: options.AsJson = False,
        state_dir: StateDir = HOME,
    ) -> None:
        """Say what is missing or wrong, what it means, and what to do.

        Looks at this machine, then at the platform: the running one, or with --aws the one in an
        account. It only reads. The exit code is 1 when there is a problem; warnings leave it 0.
        """
        if (fault := options.stack_fault(stack)) is not None:
            self._around.fail(fault, code=2)
        account = Account(stack, profile, region, collector, dagster_url)
        in_account = of_site(lambda: account_site(account))
        platform = in_account if on_aws else self._of_running(state_dir)
        findings = self._tell(_of_machine(state_dir), platform, quietly=as_json_)
        if as_json_:
            typer.echo(as_json(findings))
        else:
            typer.echo(summary_line(findings))
        if not is_well(findings):
            raise typer.Exit(1)

    def _of_running(self, state_dir: Path) -> Iterator[Finding]:
        state = State(state_dir)
        try:
            state.read_running()
        except StateError as error:
            yield from machine.check_ports()
            yield problem("platform", str(error), "there is nothing to look at", "clickstream up")
            return
        ports = self._around.ports(state_dir)
        yield ok("platform", f"runs on {state.root}")
        yield from of_site(lambda: local_site(state, ports))

    def _tell(self, *parts: Iterable[Finding], quietly: bool) -> list[Finding]:
        """Says each finding as soon as it is made."""
        out, findings = Console(highlight=False), []
        with self._around.interrupts():
            for finding in (finding for part in parts for finding in part):
                findings.append(finding)
                for line in () if quietly else finding_lines(finding):
                    out.print(line, soft_wrap=True)
        return findings


def of_site(find: Callable[[], Site]) -> Iterator[Finding]:
    """Everything about a platform, or why AWS cannot be used."""
    try:
        site = find()
    except AccessError as error:
        yield no_access(error)
        return
    yield from run_checks(checks_of(site))


def _of_machine(state_dir: Path) -> Iterator[Finding]:
    yield from machine.check_python()
    yield from machine.check_node()
    yield from machine.check_disk(state_dir)
