"""Dagster's own web server, once for all tests here; its runs begin at once."""

from collections.abc import Iterator

import pytest

from tests.functional.dagster_web import code_location
from tests.functional.dagster_web.deployment import UNQUEUED, Deployment, deployed


@pytest.fixture(scope="package")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("dagster")
    with deployed(code_location.__file__, home, UNQUEUED) as found:
        yield found
