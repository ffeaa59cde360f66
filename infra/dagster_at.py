"""Whether Dagster works on a platform, before something is done that it has to know of.

Belongs here: the options about it, and what no answer means. Asking it belongs in
`infra.dagster_web`.
"""

from dataclasses import dataclass
from typing import Annotated

import typer

from infra.dagster_web.graphql import DagsterError, GraphQL
from infra.deploy.sites import Addresses

DagsterUrl = Annotated[
    str | None,
    typer.Option(
        "--dagster-url",
        help="Address of Dagster's web server, of the same platform; looked up if left.",
    ),
]
NoDagster = Annotated[
    bool,
    typer.Option(
        "--no-dagster",
        help="Where no Dagster answers, none works on this platform: do its part in this process.",
    ),
]


@dataclass(frozen=True)
class DagsterChoice:
    """What a person says of Dagster; a group of options.

    Attributes:
        dagster_url: Its web server's address; None for what is known of the platform.
        no_dagster: Whether it may be absent.
    """

    dagster_url: DagsterUrl = None
    no_dagster: NoDagster = False


@dataclass(frozen=True)
class DagsterAt:
    """Where Dagster may be.

    Attributes:
        url: Its web server's address; None if not known.
        may_be_absent: Whether no answer means that none works on the platform.
        unknown_because: Why the address is not known.
        remedy: What to do when it has to be there and does not answer.
    """

    url: str | None
    may_be_absent: bool
    unknown_because: str = ""
    remedy: str = ""

    @classmethod
    def of(cls, addresses: Addresses, choice: DagsterChoice) -> "DagsterAt":
        """Where it may be by what is known of a platform and what a person has said."""
        if choice.dagster_url is not None:  # whoever names it wants it to be there
            return cls(choice.dagster_url, choice.no_dagster, "", addresses.without_dagster)
        return cls(
            addresses.dagster,
            choice.no_dagster or addresses.dagster_may_be_absent,
            addresses.unknown_because,
            addresses.without_dagster,
        )

    def find(self) -> GraphQL | None:
        """Dagster, or None where none works on the platform.

        Raises:
            DagsterError: If that cannot be told: two that rebuild the same hours undo each other.
        """
        if self.url is not None:
            graphql = GraphQL(self.url)
            if graphql.answers():
                return graphql
        if self.may_be_absent:
            return None
        if self.url is None:
            raise DagsterError(self._with_remedy(f"no Dagster is known: {self.unknown_because}"))
        raise DagsterError(self._with_remedy(f"no Dagster answers at {self.url}"))

    def _with_remedy(self, message: str) -> str:
        return f"{message}; {self.remedy}" if self.remedy else message
