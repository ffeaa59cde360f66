"""What silence means: on this machine that no Dagster works, in an account nothing at all."""

import pytest

from infra.dagster_at import DagsterAt, DagsterChoice
from infra.dagster_web.graphql import DagsterError
from infra.deploy.sites import Addresses
from infra.local.processes import free_port

HERE = Addresses(None, "http://127.0.0.1:3000", dagster_may_be_absent=True)
ACCOUNT = Addresses(None, None, "the stack has no such output", without_dagster="open the way")


@pytest.mark.parametrize(
    ("addresses", "choice", "expected"),
    [
        (HERE, DagsterChoice(), DagsterAt("http://127.0.0.1:3000", True)),
        (HERE, DagsterChoice("http://x"), DagsterAt("http://x", False)),
        (
            ACCOUNT,
            DagsterChoice(),
            DagsterAt(None, False, "the stack has no such output", "open the way"),
        ),
        (ACCOUNT, DagsterChoice("http://x"), DagsterAt("http://x", False, "", "open the way")),
        (
            ACCOUNT,
            DagsterChoice(no_dagster=True),
            DagsterAt(None, True, "the stack has no such output", "open the way"),
        ),
    ],
)
def test_where_it_may_be(addresses, choice, expected) -> None:
    assert DagsterAt.of(addresses, choice) == expected


def test_nobody_goes_on_as_if_none_worked_where_that_is_not_known() -> None:
    with pytest.raises(DagsterError, match="no Dagster is known: no such output; open the way"):
        DagsterAt(None, False, "no such output", "open the way").find()
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(DagsterError, match=f"no Dagster answers at {url}; open the way"):
        DagsterAt(url, False, "", "open the way").find()


def test_where_silence_means_absence_there_is_none() -> None:
    assert DagsterAt(None, may_be_absent=True).find() is None
    assert DagsterAt(f"http://127.0.0.1:{free_port()}", may_be_absent=True).find() is None
