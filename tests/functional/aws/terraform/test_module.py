"""The module's files as they are kept, read without Terraform."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from infra.aws.choices import NAMES
from infra.hosting import Hosting
from infra.terraform.blocks import UNTAGGED
from infra.terraform.module import MODULE, files
from infra.terraform.parts.settings import PROVIDER
from infra.terraform.provider.schema import Schema, provider_schema
from infra.terraform.variables import VARIABLES
from tests.functional.aws.terraform.conftest import OTHERWISE
from tests.functional.aws.terraform.reading import Declared, Module, blocks, given

# Choices of `clickstream deploy` that the module does not offer.
LEFT_TO_THE_CDK = {
    "batch_settings": "Dagster on ECS is the CDK's",
    "dagster": "Dagster on ECS is the CDK's",
    "dagster_image": "Dagster on ECS is the CDK's",
    "quicksight_principal": "QuickSight is the CDK's",
    "web_acl": "the distribution before the collector and its firewall are the CDK's",
}
OF_THE_MODULE = {"code_dir", "tags"}


@pytest.fixture(scope="module")
def module() -> Module:
    return Module(MODULE)


@pytest.fixture(scope="module")
def declared(module: Module) -> list[Declared]:
    return module.resources()


def test_the_kept_module_is_what_the_description_says() -> None:
    """`make terraform` writes it; a change by hand would be lost with the next one."""
    kept = {path.name: path.read_text() for path in MODULE.iterdir()}
    expected = files()
    assert sorted(kept) == sorted(expected)
    assert [name for name in expected if kept[name] != expected[name]] == []


def test_nothing_is_declared_twice(module: Module, declared: list[Declared]) -> None:
    names = [
        *((one.kind, one.type, one.name) for one in declared),
        *((kind, name) for kind in ("variable", "output") for name in module.names(kind)),
        *(("local", name) for name in module.locals()),
    ]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_every_name_is_declared(module: Module, declared: list[Declared]) -> None:
    known = {
        *(("var", name) for name in module.names("variable")),
        *(("local", name) for name in module.locals()),
    }
    sources = {(one.type, one.name) for one in declared if one.kind == "data"}
    data = provider_schema()["data"]
    used = set(module.named())
    assert len(used) > 20
    for name in used:
        if len(name) == 3:
            assert name[:2] in sources
            assert name[2] in data[name[0]]["computed"]
        else:
            assert name in known
    assert {("var", name) for name in module.names("variable")} <= used, "a variable for nothing"


def test_every_reference_is_to_what_is_there(module: Module, declared: list[Declared]) -> None:
    bodies = {(one.type, one.name): one.body for one in declared if one.kind == "resource"}
    schemas = provider_schema()["resources"]
    found = list(module.references())
    assert len(found) > 200
    for one in found:
        body = bodies[one.type, one.name]
        if one.attribute:
            schema = schemas[one.type]
            assert one.attribute in {*schema["arguments"], *schema["computed"]}, one
            assert bool(one.index) == ("count" in body), f"{one}: one of how many"


def test_every_argument_is_one_of_the_provider(declared: list[Declared]) -> None:
    facts = provider_schema()
    for one in declared:
        schema = facts["resources" if one.kind == "resource" else "data"][one.type]
        assert list(faults(one.body, schema, f"{one.type}.{one.name}")) == []


def test_a_wrong_argument_would_be_found() -> None:
    schema = provider_schema()["resources"]["aws_kinesis_stream"]
    body: dict[str, Any] = {"names": '"x"', "stream_mode_details": [{"mode": '"x"'}]}
    assert sorted(faults(body, schema, "s")) == [
        "s has no names",
        "s lacks name",
        "s.stream_mode_details has no mode",
        "s.stream_mode_details lacks stream_mode",
    ]


def test_the_facts_are_of_what_is_used(declared: list[Declared]) -> None:
    facts = provider_schema()
    assert facts["resources"].keys() == {one.type for one in declared if one.kind == "resource"}
    assert facts["data"].keys() == {one.type for one in declared if one.kind == "data"}
    assert PROVIDER.startswith(f">= {facts['version']},")
    without_tags = {k for k, it in facts["resources"].items() if "tags" not in it["arguments"]}
    assert without_tags == UNTAGGED


def test_variables_are_the_choices_of_a_deployment() -> None:
    names = {one.name for one in VARIABLES}
    assert names == (NAMES - LEFT_TO_THE_CDK.keys()) | OF_THE_MODULE
    assert LEFT_TO_THE_CDK.keys() <= NAMES
    defaults = {one.name: one.default for one in VARIABLES}
    hosting = Hosting()
    assert defaults["stack"] == "clickstream"
    assert defaults["delivery"] == "lambda"
    assert {name: defaults[name] for name in defaults.keys() & vars(hosting).keys()} == {
        name: value for name, value in vars(hosting).items() if name in defaults
    }


def test_each_choice_is_made_otherwise_in_a_comparison() -> None:
    """One that is the default in all of them would be compared with itself alone."""
    by_name = {one.name: one.default for one in VARIABLES}
    planned_by_itself = {"code_dir", "tags", "on_demand"}
    assert OTHERWISE.keys() == by_name.keys() - planned_by_itself
    assert [name for name, value in OTHERWISE.items() if value == by_name[name]] == []


def test_the_readme_says_what_was_not_run_and_what_is_left_out() -> None:
    text = (MODULE / "README.md").read_text()
    assert "Nothing of this module has ever been applied" in text
    assert provider_schema()["version"] in text
    for choice in LEFT_TO_THE_CDK:
        assert f"`{choice}`" in text
    assert not re.search(r"<(variables|outputs|terraform|provider|version)>", text)


def faults(body: dict[str, Any], schema: Schema, place: str) -> Iterator[str]:
    """What the provider would not know of a body, or would miss."""
    names = given(body)
    yield from (
        f"{place} has no {name}" for name in names - {*schema["arguments"], *schema["blocks"]}
    )
    yield from (f"{place} lacks {name}" for name in schema["required"] if name not in names)
    for name, nested in schema["blocks"].items():
        within = blocks(body, name)
        if nested["required"] and not within:
            yield f"{place} lacks {name}"
        if nested["single"] and len(body.get(name, [])) > 1:
            yield f"{place} has more than one {name}"
        for one in within:
            yield from faults(one, nested["block"], f"{place}.{name}")
