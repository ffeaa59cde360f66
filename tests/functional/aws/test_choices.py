"""What can be chosen on the command line, and what is said of a choice that cannot be."""

import pytest

from infra.aws.choices import texts_of, topology_of
from infra.aws.policies.dagster_hosting import repository_of
from infra.hosting import Hosting
from infra.topology import build_topology


def test_nothing_chosen_is_the_platform_everybody_has() -> None:
    assert topology_of({}) == build_topology()


def test_texts_become_values() -> None:
    topology = topology_of({"stack": "shop", "shards": "4", "log_retention_days": "90"})
    assert (topology.stack, topology.stream.shards) == ("shop", 4)
    assert topology.hosting == Hosting(log_retention_days=90)


def test_an_empty_text_chooses_nothing() -> None:
    """It takes back what was chosen before."""
    assert topology_of({"delivery": "", "kms": ""}) == build_topology()


def test_choices_survive_as_texts() -> None:
    """So the next deployment is told of them by the stack."""
    choices = {"shards": 2, "on_demand": True, "batch_settings": {"raw_retention_days": "7"}}
    assert topology_of(texts_of({**choices, "dagster_image": None})) == topology_of(choices)


def test_thresholds_are_told_as_json() -> None:
    chosen = topology_of({"detector": '{"SPIKE_SIGMA": "4"}'})
    assert chosen.function("anomaly_detector").environment["SPIKE_SIGMA"] == "4"


def test_settings_are_told_as_json() -> None:
    topology = topology_of({"dagster": "ecs", "batch_settings": '{"raw_retention_days": "7"}'})
    assert topology.hosting.batch_settings == {"raw_retention_days": "7"}


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b:1",
            "arn:aws:ecr:eu-west-1:123456789012:repository/a/b",
        ),
        (
            "{account}.dkr.ecr.{region}.amazonaws.com/b@sha256:0",
            "arn:aws:ecr:{region}:{account}:repository/b",
        ),
        ("ghcr.io/somebody/dagster:1", None),
    ],
)
def test_the_repository_of_an_image_is_known(image: str, repository: str | None) -> None:
    """Another's would be pulled without permission: the task would never start."""
    assert repository_of(topology_of({"dagster_image": image}).hosting.dagster_image or "") == (
        repository
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("kms", "mine", "mine"),
        ("shards", "many", "shards"),
        ("shard", "2", "shard"),
        ("detector", "{", "detector|JSON|truncated"),
        ("on_demand", "perhaps", "on_demand"),
        ("dagster", "yes", "yes"),
        ("batch_settings", '{"raw_retention_day": "7"}', "raw_retention_day"),
        ("batch_settings", "{raw", "batch_settings"),
        ("shards", "0", ">= 1.*shards"),
        ("archive_window_s", "301", "<= 300.*archive_window_s"),
        ("lateness_limit_s", "-1", ">= 1.*lateness_limit_s"),
        ("collector_concurrency", "0", ">= 1.*collector_concurrency"),
        ("scan_limit_bytes", "1", ">= 10000000.*scan_limit_bytes"),
        ("log_retention_days", "11", "log_retention_days.* 7, 14,"),
        ("alarm_email", "nomail", "alarm_email"),
        ("monthly_budget_usd", "-3", "monthly_budget_usd"),
        ("web_acl", "xyz", "web_acl"),
        ("quicksight_principal", "bob", "quicksight_principal"),
    ],
)
def test_a_wrong_choice_is_named(name: str, value: str, said: str) -> None:
    """Deployed with a default instead, it would be found on the bill."""
    with pytest.raises(ValueError, match=said):
        topology_of({name: value})
