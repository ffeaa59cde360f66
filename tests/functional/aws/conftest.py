"""Templates of the platform and a Postgres, made once; skipped, saying why, where they cannot be.

Templates need Node.js, and Postgres its own programs.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.aws.postgres import Postgres, running_postgres
from tests.functional.aws.rendering import CHOICES, Rendered


def render(folder: Path, choices: dict[str, object]) -> Rendered:
    """The templates of some choices."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed: CDK's engine needs it to render the templates")
    from infra.aws.app import new_app, synthesize  # noqa: PLC0415 - starts Node.js
    from infra.aws.choices import texts_of, topology_of  # noqa: PLC0415
    from infra.aws.sources import zip_sources  # noqa: PLC0415
    from infra.aws.stacks import Deployment  # noqa: PLC0415

    topology = topology_of(choices)
    code = zip_sources((one.package for one in topology.functions), folder / "sources")
    synthesize(new_app(folder / "cdk.out"), Deployment(topology, code, texts_of(choices)))
    return Rendered(folder / "cdk.out")


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The platform with what is chosen by itself, QuickSight, and Dagster of a pushed image."""
    return render(tmp_path_factory.mktemp("aws-keys"), CHOICES)


@pytest.fixture(scope="session")
def with_own_key(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The platform with all that costs more: a key of its own, Firehose, a firewall, an image."""
    choices = {
        **CHOICES,
        "dagster_image": None,
        "batch_settings": {"raw_retention_days": "7"},
        "kms": "own",
        "on_demand": "true",
        "collector_concurrency": "50",
        "delivery": "firehose",
        "web_acl": "own",
    }
    return render(tmp_path_factory.mktemp("own-key"), choices)


@pytest.fixture(scope="session")
def paused(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The platform with Dagster's service taken away."""
    return render(tmp_path_factory.mktemp("paused"), {**CHOICES, "dagster": "paused"})


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server
