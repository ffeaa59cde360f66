"""Templates of the platform, rendered once; skipped, saying why, where there is no Node.js."""

import shutil
from pathlib import Path

import pytest

from tests.functional.aws.rendering import CHOICES, Rendered


def render(folder: Path, choices: dict[str, object]) -> Rendered:
    """The templates of some choices."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed: CDK's engine needs it to render the templates")
    from infra.aws.app import new_app, synthesize  # noqa: PLC0415 - starts Node.js
    from infra.aws.choices import topology_of  # noqa: PLC0415
    from infra.aws.sources import zip_sources  # noqa: PLC0415
    from infra.aws.stacks import Deployment  # noqa: PLC0415

    topology = topology_of(choices)
    code = zip_sources((one.package for one in topology.functions), folder / "sources")
    told = {name: str(value) for name, value in choices.items()}
    synthesize(new_app(folder / "cdk.out"), Deployment(topology, code, told))
    return Rendered(folder / "cdk.out")


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The platform with what is chosen by itself, and QuickSight."""
    return render(tmp_path_factory.mktemp("aws-keys"), CHOICES)


@pytest.fixture(scope="session")
def with_own_key(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The platform with a key of its own, a stream that AWS sizes, Firehose and a firewall."""
    choices = {
        **CHOICES,
        "kms": "own",
        "on_demand": "true",
        "collector_concurrency": "50",
        "delivery": "firehose",
        "web_acl": "own",
    }
    return render(tmp_path_factory.mktemp("own-key"), choices)
