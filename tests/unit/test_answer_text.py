"""What `clickstream query` prints: nothing is left out unsaid, whatever the terminal's width."""

import json

import pytest

from infra.answer_text import OutputFormat, print_answer
from infra.querying import Answer

LONG = "https://example.com/" + "a" * 200
WIDE = Answer(["page_url", "views"], [[LONG, "3"], [None, "1"]], 10, 0.5)


def test_a_file_gets_whole_cells(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(WIDE, OutputFormat.TABLE)
    out = capsys.readouterr().out
    assert f"{LONG} │ 3" in out
    assert "NULL" in out


def test_a_narrow_terminal_gets_a_line_for_each_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    print_answer(WIDE, OutputFormat.TABLE)
    out = capsys.readouterr().out
    assert f"  page_url  {LONG}\n  views     3\n" in out


def test_a_row_is_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(Answer(["one"], [["1"]], 0, 0.1), OutputFormat.TABLE)
    assert "\n1 row, 0 bytes scanned, 0.10 s" in capsys.readouterr().out


def test_markup_in_a_cell_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(Answer(["[b]"], [["[red]x[/red]"]], 0, 0.1), OutputFormat.TABLE)
    out = capsys.readouterr().out
    assert "[red]x[/red]" in out
    assert "[b]" in out


@pytest.mark.parametrize("output", [OutputFormat.CSV, OutputFormat.JSON])
def test_programs_get_rows_alone_and_people_are_told_of_a_cut(
    output: OutputFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    print_answer(Answer(["n"], [["1"], ["2"]], 0, 0.1, is_cut=True), output)
    told = capsys.readouterr()
    assert "there are more" not in told.out
    assert told.err == "The first 2 rows, there are more (--limit)\n"


def test_a_row_of_fewer_cells_than_columns(capsys: pytest.CaptureFixture[str]) -> None:
    described = Answer(["col_name", "data_type", "comment"], [["n \t int \t"]], 0, 0.1)
    print_answer(described, OutputFormat.JSON)
    assert json.loads(capsys.readouterr().out) == [{"col_name": "n \t int \t"}]
    print_answer(described, OutputFormat.TABLE)
    assert "col_name" in capsys.readouterr().out
