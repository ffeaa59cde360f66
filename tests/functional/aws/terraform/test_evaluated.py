"""The module as Terraform itself judges and evaluates it."""

import json
import re
import shutil
from pathlib import Path

import pytest

from infra.aws.policies.principals import DAGSTER, statements_of
from infra.aws.policies.statements import policy_document
from infra.local.endpoints import ACCOUNT, REGION
from infra.terraform.module import MODULE
from infra.terraform.provider.schema import provider_schema
from infra.topology import ON_DEMAND_RECORDS_S, build_topology
from tests.functional.aws.terraform.provider import serving
from tests.functional.aws.terraform.terraform import (
    MISSING,
    Plan,
    Terraform,
    TerraformError,
    executable,
)

pytestmark = pytest.mark.skipif(not executable(), reason=MISSING)

# A value that each rule refuses, and what is said of it.
REFUSED = {
    "stack": ("My_Shop", "lower-case letters"),
    "delivery": ("kafka", "lambda or firehose"),
    "shards": (1.5, "whole number of at least 1"),
    "archive_window_s": (301, "300 at most"),
    "kms": ("mine", "aws or own"),
    "scan_limit_bytes": (5, "at least 10000000"),
    "log_retention_days": (8, "CloudWatch offers"),
}


@pytest.fixture(scope="module")
def on_demand(terraform: Terraform, packages: Path) -> Plan:
    return terraform.plan(
        {
            "code_dir": str(packages),
            "on_demand": True,
            "delivery": "firehose",
            "tags": {"team": "web"},
        }
    )


def test_it_is_formatted(terraform: Terraform) -> None:
    assert terraform.run("fmt", "-check", "-recursive", str(MODULE)) == ""


def test_it_is_valid(terraform: Terraform) -> None:
    assert "valid" in terraform.run("validate", "-no-color")


def test_what_is_not_valid_is_refused(tmp_path: Path) -> None:
    """A stand-in that lets everything pass would prove nothing."""
    for path in MODULE.glob("*.tf"):
        shutil.copy(path, tmp_path)
    stream = tmp_path / "stream.tf"
    changed = stream.read_text().replace("retention_period = 24", 'retentions = "a day"')
    stream.write_text(changed.replace("stream_mode = ", "mode = "))
    with serving(provider_schema()) as provider:
        broken = Terraform(tmp_path, provider)
        broken.run("init", "-backend=false", "-input=false", "-no-color")
        with pytest.raises(TerraformError) as refused:
            broken.run("validate", "-no-color")
    assert '"retentions" is not expected here' in str(refused.value)
    assert '"stream_mode" is required' in str(refused.value)


def test_wrong_choices_are_refused(terraform: Terraform, packages: Path) -> None:
    """All at once: Terraform tells of each."""
    chosen = {name: value for name, (value, _) in REFUSED.items()}
    with pytest.raises(TerraformError) as refused:
        terraform.plan({"code_dir": str(packages), **chosen})
    said = " ".join(re.sub(r"[│╷╵]", " ", str(refused.value)).split())
    assert [name for name, (_, words) in REFUSED.items() if words not in said] == []


def test_a_stream_that_aws_sizes_has_no_shards_and_more_requests(on_demand: Plan) -> None:
    (stream,) = on_demand.of_type("aws_kinesis_stream")
    assert stream.values["shard_count"] is None
    assert stream.values["stream_mode_details"] == [{"stream_mode": "ON_DEMAND"}]
    (stage,) = on_demand.of_type("aws_apigatewayv2_stage")
    (limits,) = stage.values["default_route_settings"]
    assert limits["throttling_rate_limit"] == ON_DEMAND_RECORDS_S


def test_parameters_with_firehoses_defaults_are_left_out(on_demand: Plan) -> None:
    """The provider does not keep them: every plan would set them again."""
    (stream,) = on_demand.of_type("aws_kinesis_firehose_delivery_stream")
    (destination,) = stream.values["extended_s3_configuration"]
    (processor,) = destination["processing_configuration"][0]["processors"]
    assert [one["parameter_name"] for one in processor["parameters"]] == ["LambdaArn"]


def test_tags_of_the_account_are_given_to_everything(on_demand: Plan) -> None:
    tags = [one.values["tags"] for one in on_demand.resources if "tags" in one.values]
    assert tags
    assert all(one == {"clickstream:stack": "clickstream", "team": "web"} for one in tags)


def test_the_batch_side_is_told_what_it_needs(planned: Plan, planned_otherwise: Plan) -> None:
    statements = statements_of(DAGSTER, build_topology(ACCOUNT))
    filled = [one.filled(region=REGION, account=ACCOUNT) for one in statements]
    assert json.loads(planned.outputs["batch_side_policy"]) == policy_document(filled)
    assert planned.outputs["batch_side_own_key_policy"] is None
    assert planned.outputs["collector_url"].startswith("https://")

    own = json.loads(planned_otherwise.outputs["batch_side_own_key_policy"])
    (key,) = {arn for one in own["Statement"] for arn in one["Resource"]}
    assert key == planned_otherwise.outputs["key_arn"]


def test_the_readmes_example_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(r"```hcl\n(.*?)```", (MODULE / "README.md").read_text(), re.DOTALL)
    here = re.sub(r"source +=.*", f'source = "{MODULE}"', example)
    (tmp_path / "main.tf").write_text(here)
    with serving(provider_schema()) as provider:
        configured = Terraform(tmp_path, provider)
        configured.run("init", "-backend=false", "-input=false", "-no-color")
        assert "valid" in configured.run("validate", "-no-color")
