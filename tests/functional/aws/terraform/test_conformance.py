"""What Terraform would create and what CloudFormation would, property by property.

A team that uses Terraform must not get another platform than the one that was tested. Each property
that only one side can have is listed with its reason; an entry nobody needs any more fails.
"""

import pytest

from infra.terraform.module import blocks_of_module
from tests.functional.aws.rendering import Rendered
from tests.functional.aws.terraform.described import DESCRIBERS, PARTS, describe
from tests.functional.aws.terraform.templates import Templates, document, statement
from tests.functional.aws.terraform.terraform import Plan
from tests.functional.aws.terraform.words import Described
from tests.functional.aws.test_conformance import differences, flat

# Constructs whose resources the module leaves to the CDK, by the beginning of their ids.
LEFT_TO_THE_CDK = {
    "Dagster": "its task, its image and its database are the CDK's",
    "Runs": "as Dagster",
    "Serving": "QuickSight: its boards are some thousand lines that nobody would write in HCL",
}

ONE_SIDED = {
    ("AWS::CloudWatch::Dashboard", "Tags.clickstream:stack"): "the provider gives it no tags",
    ("AWS::Glue::Database", "CatalogId"): "the provider takes the caller's account",
    ("AWS::Glue::Database", "Tags.clickstream:stack"): "CloudFormation gives databases no tags",
    ("AWS::Glue::Table", "CatalogId"): "the provider takes the caller's account",
    ("AWS::Lambda::Function", "Code.S3Bucket"): "the CDK brings packages to a bucket of its own",
    ("AWS::Lambda::Function", "Code.S3Key"): "the CDK brings packages to a bucket of its own",
    ("AWS::Lambda::Function", "Code.ZipFile"): "Terraform uploads packages itself",
    ("AWS::Lambda::Function", "LoggingConfig.LogFormat"): "the provider asks for what is default",
}

Sides = tuple[Described, Described]


@pytest.fixture(scope="module", params=["by default", "otherwise"])
def sides(request: pytest.FixtureRequest) -> Sides:
    """What Terraform would create, and the templates, with the same choices."""
    suffix = "" if request.param == "by default" else "_otherwise"
    plan: Plan = request.getfixturevalue(f"planned{suffix}")
    rendered: Rendered = request.getfixturevalue(f"rendered{suffix}")
    templates = Templates(rendered, tuple(LEFT_TO_THE_CDK))
    return in_one_way(describe(plan)), in_one_way(templates.described())


def in_one_way(described: Described) -> Described:
    """Policies and roles as written in one way."""
    found: Described = {}
    for key, properties in described.items():
        written = dict(properties)
        for name in ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy"):
            if name in written:
                written[name] = document(written[name])
        if "Statements" in written:
            written["Statements"] = [statement(one) for one in written["Statements"]]
        found[key] = written
    return found


def test_both_sides_have_the_same_resources(sides: Sides) -> None:
    module, templates = sides
    assert sorted(module) == sorted(templates)


def test_every_property_is_the_same(sides: Sides) -> None:
    module, templates = sides
    different = [
        f"{type_} {name}: {path} is {value!r} in the templates, {other!r} in the module"
        for (type_, name), path, value, other in differences(module, templates)
        if (type_, path) not in ONE_SIDED
    ]
    assert different == []


def test_no_reason_is_given_for_what_both_sides_have(sides: Sides) -> None:
    module, templates = sides
    needed = {(type_, path) for (type_, _), path, _, _ in differences(module, templates)}
    assert sorted(ONE_SIDED.keys() - needed) == []


def test_nothing_is_left_to_the_cdk_that_it_does_not_have(rendered: Rendered) -> None:
    for construct in LEFT_TO_THE_CDK:
        assert any(one.id.startswith(construct) for one in rendered.resources)


def test_what_is_kept_there_is_kept_here(
    planned_otherwise: Plan, rendered_otherwise: Rendered
) -> None:
    """`terraform destroy` must not take the data that a stack would have left behind."""
    kept = {
        block.labels
        for block in blocks_of_module()
        if any(one.attributes.get("prevent_destroy") is True for one in block.blocks)
    }
    here = {
        DESCRIBERS[one.type](one, planned_otherwise)[:2]
        for one in planned_otherwise.resources
        if (one.type, one.name) in kept
    }
    templates = Templates(rendered_otherwise, tuple(LEFT_TO_THE_CDK))
    there = {
        (one.type, templates.name_of(one)) for one in templates.resources if one.policy == "Retain"
    }
    assert here == there


@pytest.mark.parametrize(
    ("type_", "path"),
    [
        ("AWS::Lambda::EventSourceMapping", "BisectBatchOnFunctionError"),
        ("AWS::S3::Bucket", "LifecycleConfiguration.Rules[0].Id"),
        ("AWS::IAM::Role", "Statements[0].Action[0]"),
        ("AWS::SQS::QueuePolicy", "PolicyDocument.Statement[0].Effect"),
        ("AWS::CloudWatch::Dashboard", "DashboardBody.widgets[1].properties.metrics[0][1]"),
    ],
)
def test_a_difference_would_be_seen(sides: Sides, type_: str, path: str) -> None:
    """A comparison that compares nothing would pass as well."""
    module, templates = sides
    changed = {
        key: {**flat(one), **({path: "changed"} if key[0] == type_ else {})}
        for key, one in templates.items()
    }
    assert (type_, path) in {(key[0], one) for key, it in module.items() for one in flat(it)}
    assert any(key[0] == type_ and it == path for key, it, _, _ in differences(module, changed))


def test_every_part_is_of_something_planned(planned: Plan) -> None:
    assert {one.type for one in planned.resources} >= PARTS
