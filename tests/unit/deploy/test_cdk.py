"""The CDK's commands, literally, and each wrong call as one clear line."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner, Result

from infra.cli import app
from infra.deploy.cdk.command import outputs_of
from infra.deploy.cdk.toolkit import Deployment, ToolkitError, command, find_toolkit, run
from tests.unit.deploy.fake_site import IDENTITY

EXPIRED = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>ExpiredToken</Code><Message>The token has expired</Message></Error>
<RequestId>1</RequestId></ErrorResponse>"""


class Expired(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(403)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(EXPIRED)))
        self.end_headers()
        self.wfile.write(EXPIRED)

    def log_message(self, *_: object) -> None:
        """Keeps the test's output quiet."""


@pytest.fixture
def expired_sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with HTTPServer(("127.0.0.1", 0), Expired) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        yield
        server.shutdown()


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)


def clickstream(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def test_a_command_literally(tmp_path):
    chosen = {"shards": "4", "delivery": "firehose"}
    deployment = Deployment("shop", IDENTITY, "prod", chosen, tmp_path)
    assert command(["cdk"], "deploy", deployment, deployment.stacks, "--x") == [
        *("cdk", "deploy", "shop-data", "shop-compute"),
        *("--app", f"{sys.executable} -m infra.aws.app"),
        *("--output", "infra/aws/cdk.out"),
        *("--context", "stack=shop"),
        *("--context", "account=123456789012"),
        *("--context", "region=eu-central-1"),
        *("--context", "delivery=firehose"),
        *("--context", "shards=4"),
        *("--context", f"code_dir={tmp_path}"),
        *("--profile", "prod"),
        "--x",
    ]


def test_an_installed_cdk_is_preferred(monkeypatch, tmp_path):
    for name in ("npx", "cdk"):
        monkeypatch.setenv("PATH", str(tmp_path))
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        expected = {"npx": ("npx", "--yes", "aws-cdk@2"), "cdk": ("cdk",)}[name]
        assert find_toolkit("infra.topology") == expected


def test_missing_tools_are_named(monkeypatch, tmp_path):
    with pytest.raises(ToolkitError, match="is missing: this checkout is not whole"):
        find_toolkit("infra.nowhere.app")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolkitError, match="neither cdk nor npx is installed"):
        find_toolkit("infra.topology")
    with pytest.raises(ToolkitError, match="cdk cannot be run"):
        run(["cdk", "diff"], "eu-central-1")


@pytest.mark.parametrize("verb", ["deploy", "diff", "destroy"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stack", "My_Stack"], "'My_Stack' is no stack's name"),
        (["--context", "shards"], "--context 'shards' is no setting: write KEY=VALUE"),
        (["--context", "region=x"], "--context region has an option of its own"),
        (["--context", "shard=2"], "--context: this choice cannot be made: Object contains unkno"),
        (["--context", "kms=mine"], "--context: this choice cannot be made: Invalid enum value"),
    ],
)
def test_a_wrong_call_is_one_line(verb, arguments, message):
    done = clickstream(verb, *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("expired_sts")
@pytest.mark.parametrize("command_", ["doctor", "validate", "alerts", "redrive", "retention"])
def test_expired_credentials_are_one_line(command_):
    done = clickstream(command_, "--aws", "--region", "eu-central-1")
    assert done.exit_code == 1
    assert "the credentials have expired" in done.output
    assert "Traceback" not in done.output


def test_outputs_by_stack():
    assert outputs_of({"a-data": {"Bucket": "b"}, "a-compute": {}}) == {"a-data.Bucket": "b"}
