"""`clickstream erase` says what is wrong before it touches anything."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer
from typer.testing import CliRunner

from infra.erasure.commands import mount
from infra.surroundings import Surroundings


def fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def no_platform(_: Path) -> Any:
    raise AssertionError("the platform must not be asked")


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    mount(app, Surroundings(no_platform, fail, nullcontext, nullcontext))
    return app


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nobody is named"),
        (["--user", ""], "an id is 1 to 256 printable characters"),
        (["--user", " "], "an id is 1 to 256"),
        (["--user", "x" * 257], "an id is 1 to 256"),
        (["--anonymous-id", "a\nb"], "an id is 1 to 256"),
        (["--user", "a", "--report", "/no/such/folder/report.json"], "its folder does not exist"),
    ],
)
def test_a_wrong_call_is_refused(app: typer.Typer, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["erase", *arguments])
    assert result.exit_code == 1
    assert message in result.stderr
