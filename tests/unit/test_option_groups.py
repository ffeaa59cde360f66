"""Groups of options are options to a person and one argument to a command."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from infra.option_groups import with_groups


@dataclass(frozen=True)
class Place:
    town: Annotated[str, typer.Option("--town", help="Where to.")] = "Bonn"
    floor: Annotated[int, typer.Option(help="How high.", min=0)] = 0


@dataclass(frozen=True)
class Gift:
    is_wrapped: Annotated[bool, typer.Option("--wrapped")] = False
    notes: Annotated[list[str] | None, typer.Option("--note")] = None


class Commands:
    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    @with_groups
    def deliver(
        self,
        *,
        what: Annotated[str, typer.Argument(help="What.")],
        gift: Gift,
        count: Annotated[int, typer.Option()] = 1,
        place: Place,
    ) -> None:
        """Deliver something."""
        self.calls.append((what, gift, count, place))


def invoke(*arguments: str):
    commands, app = Commands(), typer.Typer()
    app.command("deliver")(commands.deliver)
    return commands, CliRunner().invoke(app, list(arguments), env={"COLUMNS": "120"})


def test_what_is_left_out_has_the_groups_default() -> None:
    commands, done = invoke("tea")
    assert done.exit_code == 0, done.output
    assert commands.calls == [("tea", Gift(), 1, Place())]


def test_each_option_gets_into_its_group() -> None:
    words = ("--floor", "3", "tea", "--count", "2", "--note", "a", "--note", "b", "--wrapped")
    commands, done = invoke(*words, "--town", "Köln")
    assert done.exit_code == 0, done.output
    assert commands.calls == [("tea", Gift(True, ["a", "b"]), 2, Place("Köln", 3))]


def test_a_person_sees_the_options_and_no_group() -> None:
    _, done = invoke("--help")
    assert "Deliver something." in done.stdout
    for option in ("--town", "--floor", "--wrapped", "--note", "--count"):
        assert option in done.stdout
    assert "--gift" not in done.stdout
    assert "--place" not in done.stdout


@pytest.mark.parametrize("words", [("tea", "--floor", "-1"), ("tea", "--place", "x"), ()])
def test_wrong_calls_are_refused(words) -> None:
    commands, done = invoke(*words)
    assert (done.exit_code, commands.calls) == (2, [])
