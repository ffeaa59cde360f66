"""Each way of not reaching a platform is one clear line, whichever command it is."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from infra.cli import app
from infra.deploy.stack_outputs import CHOICES
from infra.reach import account_environment, direct_clients

COMMANDS = [
    ["query", "SELECT 1"],
    ["alerts"],
    ["status"],
    ["redrive"],
    ["quarantine", "list"],
    ["quarantine", "show"],
    ["quarantine", "replay"],
    ["erase", "--user", "u"],
    ["retention"],
    ["backfill", "2026-11-01", "2026-11-02"],
    ["validate"],
]
REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No credentials at all; commands change this process's environment, so it is put back."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(tmp_path / "n")
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    monkeypatch.chdir(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)
    boto3.setup_default_session()


@pytest.fixture
def account() -> Iterator[None]:
    with mock_aws():
        yield


def clickstream(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def in_account(command: list[str], *more: str) -> Result:
    return clickstream(*command, "--aws", "--region", REGION, *more)


def deploy(stack: str, choices: dict[str, str]) -> None:
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {CHOICES: {"Value": json.dumps(choices)}},
    }
    boto3.client("cloudformation", REGION).create_stack(
        StackName=f"{stack}-data", TemplateBody=json.dumps(template)
    )


def message_of(done: Result) -> str:
    """The one line it said."""
    assert done.exit_code == 1, done.output
    [line] = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("sql", ["", " ;\n"])
def test_no_statement_is_no_change_to_be_asked_about(sql: str) -> None:
    assert "there is no statement" in message_of(clickstream("query", sql))


def test_packages_need_a_folder_that_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = str(tmp_path / "file" / "below")
    done = clickstream("package", "collector", "--no-bytecode", "--out", out)
    assert "name another folder with --out" in message_of(done)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_running_platform(command: list[str]) -> None:
    assert "no platform is running on" in message_of(clickstream(*command))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_credentials(command: list[str]) -> None:
    line = message_of(in_account(command))
    assert line.startswith("error: no credentials were found")
    assert line.endswith("aws sso login, or aws configure")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_such_a_stack_in_the_region(command: list[str]) -> None:
    """A name misspelled, or the wrong region: nothing may be done to another stack."""
    line = message_of(in_account(command, "--stack", "shop"))
    assert line == (
        "error: there is no platform: account 123456789012, region eu-central-1, stack shop, has "
        "no stream shop-events: check --stack, --region and --profile"
    )


@pytest.mark.parametrize("command", [*COMMANDS, ["doctor"]], ids=" ".join)
def test_a_name_that_no_stack_can_have(command: list[str]) -> None:
    done = in_account(command, "--stack", "My_Shop")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: 'My_Shop' is no stack's name")


@pytest.mark.parametrize("command", [*COMMANDS, ["doctor"]], ids=" ".join)
@pytest.mark.parametrize("words", [("--stack", "shop"), ("--profile", "p"), ("--region", REGION)])
def test_an_account_is_not_named_in_vain(command: list[str], words: tuple[str, str]) -> None:
    """Without --aws it would be the platform of this machine that is changed."""
    done = clickstream(*command, *words)
    assert done.exit_code == 2
    assert done.stderr == (
        "error: --stack, --profile and --region name a platform in an account: add --aws\n"
    )


def test_without_a_region_or_a_profile() -> None:
    assert message_of(clickstream("alerts", "--aws")) == (
        "error: no region is told: give --region, or set AWS_DEFAULT_REGION"
    )
    assert "profile (gone) could not be found" in message_of(
        clickstream("alerts", "--aws", "--profile", "gone")
    )


@pytest.mark.usefixtures("account")
def test_a_stack_of_another_version_is_not_guessed_at() -> None:
    deploy("shop", {"delivery": "pigeon"})
    line = message_of(in_account(["alerts"], "--stack", "shop"))
    assert "the platform shop was deployed by another version" in line
    assert line.endswith("use that version, or deploy with this one")


@pytest.mark.usefixtures("account")
def test_a_platform_that_tells_no_choices_is_used_and_that_is_said() -> None:
    """Terraform makes no stack; and somebody may not be allowed to look at one."""
    boto3.client("kinesis", REGION).create_stream(StreamName="shop-events", ShardCount=1)
    done = in_account(["quarantine", "list"], "--stack", "shop")
    assert "Its choices are taken for the defaults: the stack shop-data does not" in done.stderr
    assert "error: An error occurred (NoSuchBucket)" in done.stderr


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("command", [["retention"], ["erase", "--user", "u"]], ids=" ".join)
def test_where_no_dagster_is_known_it_is_said_before_anything_is_done(command: list[str]) -> None:
    deploy("shop", {})
    done = in_account(command, "--stack", "shop", "--yes")
    assert done.exit_code == 1
    assert done.stderr.startswith(
        "error: no Dagster is known: the stack shop-compute has no such output; open the way to it "
        "(docs/operations.md, Dagster on ECS) and give --dagster-url; --no-dagster where none"
    )
    assert done.stdout == ""


def test_a_named_profile_counts_more_than_keys_in_the_environment(tmp_path: Path) -> None:
    """Else dbt, a process of its own, would build the marts of another account."""
    credentials = tmp_path / "credentials"
    credentials.write_text("[shop]\naws_access_key_id=of-shop\naws_secret_access_key=s\n")
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(credentials)
    os.environ.update({"AWS_ACCESS_KEY_ID": "of-shell", "AWS_SECRET_ACCESS_KEY": "s"})
    direct_clients(account_environment(None, REGION))
    assert key_and_region() == ("of-shell", REGION)
    direct_clients(account_environment("shop", "us-west-2"))
    assert key_and_region() == ("of-shop", "us-west-2")


def key_and_region() -> tuple[str, str]:
    session = boto3.Session()
    credentials = session.get_credentials()
    assert credentials is not None
    return credentials.access_key, str(session.region_name)
