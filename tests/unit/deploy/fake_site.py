"""A site whose AWS is given by the test."""

from typing import Any

from infra.deploy.access import Identity
from infra.deploy.progress import Progress
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
        name="account 1, region r, stack clickstream",
        recreate="clickstream deploy",
        options=" --aws",
        look_at_function=lambda _: [],
        progress_of=lambda _: Progress(None, None, None, "not yet"),
        data_sets=(),
    )
