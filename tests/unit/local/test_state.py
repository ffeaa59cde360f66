"""The state directory: good ones are used, others are left alone with a clear message."""

import json
from pathlib import Path

import pytest

from infra.local.state import State, StateError


def test_a_new_directory_remembers_its_first_values(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    assert state.open(first_hour="a")["first_hour"] == "a"
    assert State(tmp_path / "state").open(first_hour="b")["first_hour"] == "a"
    state.remember(first_hour="c")
    assert state.open()["first_hour"] == "c"


def test_a_strangers_directory_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StateError, match="not a state directory"):
        State(tmp_path).open()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": null}', "{}"])
def test_a_half_written_marker_is_said_to_be_damaged(tmp_path: Path, content: str) -> None:
    (tmp_path / "clickstream.json").write_text(content)
    with pytest.raises(StateError, match="damaged"):
        State(tmp_path).open()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clickstream.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(StateError, match="newer version"):
        State(tmp_path).open()


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="not a directory"):
        State(tmp_path / "file").open()


def test_two_platforms_do_not_share_a_directory(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    with (
        state.locked(),
        pytest.raises(StateError, match="already running"),
        State(tmp_path / "state").locked(),
    ):
        pass
    with State(tmp_path / "state").locked():
        pass


def test_what_runs_is_found_and_what_died_is_not(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    with pytest.raises(StateError, match="no platform is running"):
        state.read_running()
    with state.locked():
        state.open()
        state.write_running({"ports": {"ui": 1}})
        assert state.read_running()["ports"] == {"ui": 1}
        (state.root / "running.json").write_text("{")
        with pytest.raises(StateError, match="cannot be read"):
            state.read_running()
        state.write_running({})
    with pytest.raises(StateError, match="no platform is running"):  # killed: the file is left
        state.read_running()
