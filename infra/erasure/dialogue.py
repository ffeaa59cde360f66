"""How `clickstream erase` goes on: look, show, ask, erase, show.

Belongs here: what the operator sees and answers, and how errors end the command. What is done
belongs in `erasure`, wording in `text`.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
from rich.console import Console
from rich.markup import escape

from clickstream_platform.core.erasure import Given
from clickstream_platform.resources.athena import AthenaQueryError
from clickstream_platform.resources.catalog import CatalogError
from clickstream_platform.resources.lake import LakeError
from clickstream_platform.resources.warehouse import SpiceRefreshError
from clickstream_platform.settings import Settings
from infra.dagster_at import DagsterAt, DagsterChoice
from infra.deploy.sites import Site
from infra.erasure import text
from infra.erasure.assembly import ledger_of, places_around, rebuilder_of, stores_of
from infra.erasure.erasure import Erasure
from infra.erasure.errors import ErasureError
from infra.erasure.options import Options
from infra.erasure.rebuilding import NoRebuilder, Rebuilder
from infra.erasure.remains import Places
from infra.erasure.stores import Findings
from infra.reach import Reach
from infra.surroundings import Surroundings

_FAILURES = (
    ErasureError,
    AthenaQueryError,
    CatalogError,
    LakeError,
    SpiceRefreshError,
    duckdb.Error,
)


class Dialogue:
    """One run of the command.

    Args:
        surroundings: What the command line does alike in every command.
        options: How it is done.
        dagster: What is said of Dagster.
    """

    def __init__(
        self, surroundings: Surroundings, options: Options, dagster: DagsterChoice
    ) -> None:
        self._around = surroundings
        self._options = options
        self._dagster = dagster
        self._err = Console(stderr=True, highlight=False)

    def run(self, given: Given, reach: Reach) -> None:
        """Goes through with it, or ends the command with a message."""
        options = self._options
        with self._errors_as_messages():
            site = self._around.platform(reach)
            erasure, places = self._prepare(given, site)
            findings = erasure.look()
            self._show(findings)
            if options.dry_run:
                return
            question = f"{site.name}: {text.question(findings)}"
            self._around.require_yes(question, "nothing was erased", yes=options.yes)
            report = erasure.run(findings, places, take_over=options.take_over)
        if options.report is not None:
            options.report.write_text(f"{json.dumps(report, indent=2)}\n")
        out = Console(highlight=False)
        out.print(text.report_table(report))
        for line in text.report_lines(report, erasure.key):
            out.print(line, soft_wrap=True)

    def _prepare(self, given: Given, site: Site) -> tuple[Erasure, Callable[[], Places]]:
        options, settings = self._options, Settings()
        where = DagsterAt.of(site.addresses, self._dagster)
        rebuilder: Rebuilder
        rebuilder = NoRebuilder() if options.dry_run else rebuilder_of(site, settings, where)
        stores = stores_of(site, settings, rebuilder)
        ledger = ledger_of(stores)
        erasure = Erasure(stores, ledger, given, options.requested_by, self._tell)
        if erasure.is_resumed:
            self._tell("an erasure of these ids was cut off; going on with it")
        for other in ledger.unfinished():
            if other.digest != given.digest(other.salt):
                self._tell(f"another erasure, begun at {other.started_at}, is not finished")
        return erasure, places_around(stores, site, settings)

    def _show(self, findings: Findings) -> None:
        out = Console(highlight=False)
        out.print(text.findings_table(findings))
        for line in (text.links_line(findings), *text.hour_lines(findings)):
            out.print(line, soft_wrap=True)

    def _tell(self, line: str) -> None:
        self._err.print(f"[dim]{escape(line)}[/dim]", soft_wrap=True)

    @contextmanager
    def _errors_as_messages(self) -> Iterator[None]:
        try:
            with self._around.aws_errors(), self._around.interrupts():
                yield
        except _FAILURES as error:
            self._around.fail(f"{error}\nGive the same ids again to go on with it.")
        except KeyboardInterrupt:
            self._around.fail("interrupted; give the same ids again to go on with it", code=130)
