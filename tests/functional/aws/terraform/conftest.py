"""The module as Terraform would create it, planned once; skipped where there is no Terraform."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.terraform.module import MODULE
from infra.terraform.profiles import describe
from infra.terraform.provider.schema import provider_schema
from tests.functional.aws.conftest import render
from tests.functional.aws.rendering import CHOICES, Rendered
from tests.functional.aws.terraform.provider import serving
from tests.functional.aws.terraform.terraform import MISSING, Plan, Terraform, executable

# A value other than the default for each variable that both sides have.
OTHERWISE: dict[str, Any] = {
    "stack": "shop",
    "delivery": "firehose",
    "shards": 3,
    "archive_window_s": 45,
    "lateness_limit_s": 3600,
    "detector": {"TRAFFIC_MIN_EVENTS": "7"},
    "kms": "own",
    "scan_limit_bytes": 10**10,
    "log_retention_days": 90,
    "collector_concurrency": 50,
    "alarm_email": "others@example.com",
    "monthly_budget_usd": 75.5,
}


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Terraform, ready to plan the module."""
    if not executable():
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("terraform")
    for path in MODULE.glob("*.tf"):
        (folder / path.name).symlink_to(path)
    with serving(provider_schema()) as provider:
        ready = Terraform(folder, provider)
        ready.run("init", "-backend=false", "-input=false", "-no-color")
        yield ready


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Something in the place of the functions' packages, whose content nobody looks at here."""
    folder = tmp_path_factory.mktemp("packages")
    platform = describe()
    for topology in (platform.topology, platform.by_firehose):
        for function in topology.functions:
            (folder / f"{function.package}.zip").write_bytes(b"")
    return folder


@pytest.fixture(scope="session")
def planned(terraform: Terraform, packages: Path) -> Plan:
    """The module with its defaults, and somebody to be told of alarms."""
    email = CHOICES["alarm_email"]
    return terraform.plan({"code_dir": str(packages), "alarm_email": email})


@pytest.fixture(scope="session")
def planned_otherwise(terraform: Terraform, packages: Path) -> Plan:
    """The module with each choice made otherwise."""
    return terraform.plan({"code_dir": str(packages), **OTHERWISE})


@pytest.fixture(scope="session")
def rendered_otherwise(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The CDK's templates of the same choices."""
    return render(tmp_path_factory.mktemp("otherwise"), OTHERWISE)
