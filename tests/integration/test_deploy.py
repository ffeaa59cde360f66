"""Deploying and destroying with a recording `cdk`; what keeps data is deleted for real.

The stack is one of its own on the embedded AWS.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
import typer
from typer.testing import CliRunner, Result

from infra.aws.packaging.commands import FOLDER
from infra.deploy.cdk.command import DeployCommands
from infra.deploy.removal.command import DestroyCommand
from infra.early_ends import aws_errors_as_messages, fail, signals_as_interrupt
from infra.local.endpoints import ACCOUNT
from infra.local.launcher import Platform
from infra.local.provision import provision
from infra.surroundings import Surroundings
from infra.topology import Topology, build_topology
from tests.integration.fake_cdk import FakeCdk

STACK = "shortlived"
APP = "infra.topology"  # any module that is there

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _elsewhere(platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The embedded catalog also answers for what only a deployment needs."""
    monkeypatch.chdir(tmp_path)  # packages go below the folder one is in
    catalog = os.environ["AWS_ENDPOINT_URL_GLUE"]
    for service in ("CLOUDFORMATION", "ECS", "RDS", "RESOURCE_GROUPS_TAGGING_API"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", catalog)


@pytest.fixture
def cdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCdk:
    return use(monkeypatch, FakeCdk(tmp_path, {f"{STACK}-compute": {"CollectorUrl": "https://c"}}))


def use(monkeypatch: pytest.MonkeyPatch, fake: FakeCdk) -> FakeCdk:
    monkeypatch.setenv("PATH", fake.path)
    return fake


@pytest.fixture
def topology(platform: Platform) -> Iterator[Topology]:
    """A stack with data in it: objects, an unfinished upload, items, messages."""
    described = build_topology(ACCOUNT, stack=STACK)
    provision(described, ACCOUNT)
    s3, bucket = boto3.client("s3"), described.buckets[0].name
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for number in range(3):
        s3.put_object(Bucket=bucket, Key="raw/a", Body=str(number).encode())
    s3.delete_object(Bucket=bucket, Key="raw/a")
    s3.put_object(Bucket=bucket, Key="raw/b", Body=b"b")
    s3.create_multipart_upload(Bucket=bucket, Key="raw/c")
    dynamodb = boto3.client("dynamodb")
    dynamodb.update_table(TableName=f"{STACK}-counters", DeletionProtectionEnabled=True)
    return described


def pack(function: str, folder: Path) -> None:
    """Building a package takes half a minute and a registry; tests/unit/packaging has it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{function}.zip").touch()


def clickstream(*arguments: str, answer: str = "") -> Result:
    app = typer.Typer()
    around = Surroundings(None, fail, aws_errors_as_messages, signals_as_interrupt)  # type: ignore[arg-type]
    commands = DeployCommands(around, APP, pack)
    app.command("deploy")(commands.deploy)
    app.command("diff")(commands.diff)
    app.command("destroy")(DestroyCommand(around, APP).destroy)
    command = [*arguments, "--stack", STACK]
    return CliRunner().invoke(app, command, input=answer, env={"COLUMNS": "200"})


def names_there() -> set[str]:
    """Every resource of the stack that keeps data, by its kind and name."""
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    found = {f"table {name}" for name in boto3.client("dynamodb").list_tables()["TableNames"]}
    found |= {f"stream {name}" for name in boto3.client("kinesis").list_streams()["StreamNames"]}
    found |= {f"bucket {one['Name']}" for one in s3.list_buckets()["Buckets"]}
    urls = sqs.list_queues().get("QueueUrls", [])
    found |= {f"queue {url.rpartition('/')[2]}" for url in urls}
    topics = boto3.client("sns").list_topics()["Topics"]
    found |= {f"topic {one['TopicArn'].rpartition(':')[2]}" for one in topics}
    databases = boto3.client("glue").get_databases()["DatabaseList"]
    found |= {f"database {one['Name']}" for one in databases}
    return {name for name in found if f" {STACK}" in name}


def verbs(cdk: FakeCdk) -> list[tuple[str, ...]]:
    """What each call was about: its verb and the stacks."""
    return [tuple(call[: call.index("--app")]) for call in cdk.calls]


BOTH = (f"{STACK}-data", f"{STACK}-compute")


def test_a_deployment_shows_asks_and_tells_the_outputs(cdk: FakeCdk) -> None:
    choices = ("--region", "us-west-2", "--context", "delivery=firehose")
    done = clickstream("deploy", *choices, answer="y\n")
    assert done.exit_code == 0, done.output
    assert verbs(cdk) == [("diff", *BOTH), ("deploy", *BOTH)]
    assert cdk.regions == {"us-west-2"}
    words = cdk.calls[1]
    settings = [words[index + 1] for index, word in enumerate(words) if word == "--context"]
    assert settings == [
        f"stack={STACK}",
        f"account={ACCOUNT}",
        "region=us-west-2",
        "delivery=firehose",
        f"code_dir={FOLDER.resolve()}",
    ]
    assert "Packing firehose_transform" in done.stderr
    assert f"{STACK}-compute.CollectorUrl  https://c" in done.stdout
    assert f"Account {ACCOUNT}, region us-west-2" in done.stderr
    assert f"clickstream validate --aws --stack {STACK}" in done.stderr


def test_what_was_chosen_before_stays_chosen(cdk: FakeCdk) -> None:
    """Forgotten once, a choice would take the profile or the key of a live platform away."""
    with deployed({"delivery": "firehose", "shards": "4", "on_demand": "true"}):
        done = clickstream("diff", "--context", "shards=2", "--context", "on_demand=")
    assert done.exit_code == 0, done.output
    settings = [word for word in cdk.calls[0] if word.startswith(("delivery", "shards", "on_"))]
    assert settings == ["delivery=firehose", "shards=2"]
    assert "As chosen before: delivery=firehose\n" in done.stderr
    assert "Packing firehose_transform" in done.stderr


@pytest.mark.parametrize(
    ("before", "choice", "says"),
    [
        ({}, "kms=own", "kms is aws and stays so"),
        ({"kms": "own"}, "kms=", "kms is own and stays so"),
        ({}, "delivery=firehose", "--context delivery=both first"),
    ],
)
def test_what_would_lose_events_is_refused(
    cdk: FakeCdk, before: dict[str, str], choice: str, says: str
) -> None:
    with deployed(before):
        done = clickstream("deploy", "--yes", "--context", choice)
    assert done.exit_code == 2
    assert says in done.stderr
    assert cdk.calls == []


@pytest.mark.parametrize("before", ["both", "firehose"])
def test_by_way_of_both_the_profile_is_changed(cdk: FakeCdk, before: str) -> None:
    with deployed({"delivery": before}):
        assert clickstream("deploy", "--yes", "--context", "delivery=firehose").exit_code == 0
    assert [call[0] for call in cdk.calls] == ["diff", "deploy"]


def test_drift_is_reverted_when_that_is_asked(cdk: FakeCdk) -> None:
    """CloudFormation compares templates: what somebody deleted by hand would stay away."""
    assert clickstream("deploy", "--yes", "--revert-drift").exit_code == 0
    assert clickstream("deploy", "--yes").exit_code == 0
    _, reverting, _, plain = cdk.calls
    assert "--revert-drift" in reverting
    assert "--revert-drift" not in plain


@contextmanager
def deployed(choices: dict[str, str]) -> Iterator[None]:
    """A stack that tells what was chosen for it."""
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"Choices": {"Value": json.dumps(choices)}},
    }
    cloudformation, name = boto3.client("cloudformation"), f"{STACK}-data"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    yield
    cloudformation.delete_stack(StackName=name)


def test_packages_of_ones_own_are_taken(cdk: FakeCdk, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    done = clickstream("diff", "--packages", str(folder))
    assert done.exit_code == 2
    assert done.stderr.endswith(
        f"{folder} has no collector.zip: clickstream package --out {folder}\n"
    )
    for function in build_topology().functions:
        pack(function.package, folder)
    assert clickstream("diff", "--packages", str(folder)).exit_code == 0
    assert f"code_dir={folder}" in cdk.calls[0]


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_nothing_is_deployed_unless_somebody_agrees(cdk: FakeCdk, answer: str) -> None:
    assert clickstream("deploy", answer=answer).exit_code == 1
    assert verbs(cdk) == [("diff", *BOTH)]


def test_a_dry_run_and_a_diff_only_show(cdk: FakeCdk) -> None:
    assert clickstream("deploy", "--dry-run", "--yes").exit_code == 0
    assert clickstream("diff", "--fail").exit_code == 0
    assert verbs(cdk) == [("diff", *BOTH), ("diff", *BOTH)]
    assert "--fail" not in cdk.calls[0]
    assert cdk.calls[1][-1] == "--fail"


def test_a_cdk_that_fails_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment that goes on after a failed diff deploys what nobody has seen."""
    cdk = use(monkeypatch, FakeCdk(tmp_path, code=3))
    done = clickstream("deploy", "--yes")
    assert done.exit_code == 1
    assert verbs(cdk) == [("diff", *BOTH)]
    assert "error: the CDK has failed (exit code 3)" in done.stderr


def test_without_data_everything_stored_stays(cdk: FakeCdk, topology: Topology) -> None:
    before = names_there()
    done = clickstream("destroy", answer=f"{STACK}\n")
    assert done.exit_code == 0, done.output
    assert verbs(cdk) == [("destroy", f"{STACK}-compute")]
    assert cdk.calls[0][-2:] == ["--exclusively", "--force"]
    assert names_there() == before
    assert "Will stay, with --data it would go:" in done.stderr
    assert "It costs about $10.95 a month" in done.stderr  # a shard: 0.015 x 730
    assert "Left, was kept, as asked:" in done.stderr


@pytest.mark.parametrize("answer", ["", "clickstream\n", "y\n"])
def test_another_name_destroys_nothing(cdk: FakeCdk, topology: Topology, answer: str) -> None:
    done = clickstream("destroy", "--data", answer=answer)
    assert done.exit_code == 1
    assert "nothing was destroyed" in done.stderr
    assert cdk.calls == []


def test_the_account_is_asked_for_before_data_goes(cdk: FakeCdk, topology: Topology) -> None:
    before = names_there()
    done = clickstream("destroy", "--data", answer=f"{STACK}\n{STACK}\n")
    assert done.exit_code == 1
    assert "no data was deleted" in done.stderr
    assert verbs(cdk) == [("destroy", f"{STACK}-compute")]
    assert names_there() == before


def test_a_dry_run_lists_and_destroys_nothing(cdk: FakeCdk, topology: Topology) -> None:
    before = names_there()
    done = clickstream("destroy", "--data", "--dry-run")
    assert (done.exit_code, cdk.calls, names_there()) == (0, [], before)
    listed = {line.strip() for line in done.stderr.splitlines() if line.startswith("  ")}
    assert listed == before


def test_data_goes_for_good_and_only_this_stacks(cdk: FakeCdk, topology: Topology) -> None:
    """Versions, markers and unfinished uploads keep a bucket; protection keeps a table."""
    tables = boto3.client("dynamodb").list_tables()["TableNames"]
    done = clickstream("destroy", "--data", answer=f"{STACK}\n{ACCOUNT}\n")
    assert done.exit_code == 0, done.output
    assert verbs(cdk) == [("destroy", f"{STACK}-compute"), ("destroy", f"{STACK}-data")]
    assert names_there() == set()
    assert "Nothing that holds data is left." in done.stderr
    assert "Nothing carries the stacks' tags any more." in done.stderr
    kept = boto3.client("dynamodb").list_tables()["TableNames"]
    assert kept == [name for name in tables if not name.startswith(STACK)]
    again = clickstream("destroy", "--data", answer=f"{STACK}\n{ACCOUNT}\n")
    assert again.exit_code == 0, again.output


def test_a_lake_in_another_region_is_not_touched(cdk: FakeCdk, topology: Topology) -> None:
    """S3 leads whoever asks in one region to the bucket in another: it would empty the live one."""
    before = names_there()
    answers = ("--region", "eu-west-1", "--data")
    done = clickstream("destroy", *answers, answer=f"{STACK}\n{ACCOUNT}\n")
    assert done.exit_code == 1
    assert f"{topology.buckets[0].name} is in us-east-1, not in eu-west-1" in done.stderr
    assert cdk.calls == []
    assert names_there() == before


def test_what_still_carries_the_tags_is_named(cdk: FakeCdk, topology: Topology) -> None:
    """What a stack had made and nobody describes any more is billed until somebody sees it."""
    tag = {"Key": "aws:cloudformation:stack-name", "Value": f"{STACK}-data"}
    sns = boto3.client("sns", endpoint_url=os.environ["AWS_ENDPOINT_URL_GLUE"])
    arn = sns.create_topic(Name="forgotten", Tags=[tag])["TopicArn"]
    own = {"Key": "clickstream:stack", "Value": STACK}
    other = {"Key": "clickstream:stack", "Value": "another"}
    dead = sns.create_topic(Name="retained", Tags=[own])["TopicArn"]
    sns.create_topic(Name="somebody-elses", Tags=[other])
    done = clickstream("destroy", "--data", answer=f"{STACK}\n{ACCOUNT}\n")
    assert done.exit_code == 0, done.output
    assert "AWS still names these with the stacks' tags" in done.stderr
    assert f"  {arn}" in done.stderr
    assert f"  {dead}" in done.stderr
    assert "somebody-elses" not in done.stderr
