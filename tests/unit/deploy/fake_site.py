"""A site whose AWS is given by the test."""

from typing import Any

from infra.deploy.access import Identity
from infra.deploy.sites import Addresses, Site
from infra.topology import build_topology

ACCOUNT = "123456789012"
IDENTITY = Identity(
    ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/u", "eu-central-1", "https://sts.example", 0.0
)


def fake_site(addresses: Addresses | None = None, **clients: Any) -> Site:
    return Site(
        build_topology(ACCOUNT),
        IDENTITY,
        lambda service: clients[service],
        addresses or Addresses(None, "http://dagster"),
        "clickstream deploy",
        " --aws",
        lambda command, _: f"clickstream {command}",
        lambda _: [],
    )
