"""The runbook and the README name commands, options, sections and choices that are there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import click
import pytest
import typer.main
from botocore import xform_name

from infra.aws.choices import NAMES
from infra.cli import app

ROOT = Path(__file__).parent.parent.parent.parent
RUNBOOK = (ROOT / "docs" / "operations.md").read_text()
README = (ROOT / "README.md").read_text()
# Commands of the AWS CLI that are no operation of a service.
CLI_OWN = {("s3", "sync"), ("logs", "tail"), ("sso", "login")}
SERVICES = {"s3api": "s3"}


def commands(program: str) -> list[str]:
    """Every call of a program in both documents, in code spans and blocks."""
    text = re.sub(r"```sh\n(.*?)```", spans_of_block, f"{RUNBOOK}\n{README}", flags=re.S)
    code = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    found = [" ".join(one.removeprefix(".venv/bin/").split()) for one in code]
    return sorted({one for one in found if one.startswith(f"{program} ")})


def spans_of_block(match: re.Match[str]) -> str:
    return "\n".join(f"`{line.partition('#')[0].strip()}`" for line in match[1].splitlines())


@pytest.mark.parametrize("call", commands("clickstream"))
def test_every_command_is_there_with_its_options(call: str) -> None:
    words = [word for word in shlex.split(call)[1:] if word != "--help"]
    command: click.Command = typer.main.get_command(app)
    while words and isinstance(getattr(command, "commands", None), dict):
        command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options


@pytest.mark.parametrize("call", [one for one in commands("aws") if one.split()[2:]])
def test_every_operation_of_aws_is_there_with_its_parameters(call: str) -> None:
    _, service, operation, *words = shlex.split(call)
    if (service, operation) in CLI_OWN:
        return
    model = botocore.session.get_session().get_service_model(SERVICES.get(service, service))
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-") for name in (shape.members if shape else ())}
    told = {word.removeprefix("--").removeprefix("no-") for word in words if word.startswith("--")}
    assert told <= members


def test_the_readme_names_every_choice() -> None:
    """A choice nobody reads of is not made."""
    table = README[README.index("| `--context NAME=VALUE`") :].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(NAMES - {"stack"})


def sections() -> set[str]:
    return set(re.findall(r"^## (.+)$", RUNBOOK, flags=re.M))


def advised() -> Iterator[str]:
    for path in (ROOT / "infra" / "deploy").rglob("*.py"):
        yield from re.findall(r'docs/operations\.md, ([A-Z][\w ]+?)[")]', path.read_text())


def test_every_section_that_is_pointed_at_is_there() -> None:
    links = set(re.findall(r"\]\(#([a-z-]+)\)", RUNBOOK))
    links |= set(re.findall(r"operations\.md#([a-z-]+)\)", README))
    assert links <= {name.lower().replace(" ", "-") for name in sections()}
    pointed_at = set(advised())
    assert {"Poison records", "Throttling", "Reshard", "Schema change"} <= pointed_at
    assert pointed_at <= sections()
