"""What strangers sent is shown as it is and does nothing to the terminal."""

from collections import Counter
from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from infra.set_aside import text
from infra.set_aside.front_door import Refusal
from infra.set_aside.quarantine import Chosen, SetAside
from infra.set_aside.replay import Replayed

AT = datetime(2001, 2, 3, tzinfo=UTC)


def record(payload: bytes, reason: str = "r", detail: str = "d") -> SetAside:
    return SetAside("2001-02-03", reason, detail, payload, "shard", "7", AT)


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b'{"a": "\xc3\xa4"}', ('{"a": "ä"}', "utf-8")),
        (b"[red]no markup[/red]\n", ("[red]no markup[/red]\n", "utf-8")),
        (b"", ("", "utf-8")),
        (b"\xff\x00", ("/wA=", "base64")),
        (b"\x1b[2Jcleared", ("G1sySmNsZWFyZWQ=", "base64")),
        ("\u202ereversed".encode(), ("4oCucmV2ZXJzZWQ=", "base64")),
    ],
)
def test_a_payload_is_text_only_when_it_is_harmless(payload: bytes, shown: tuple[str, str]) -> None:
    assert text.payload_of(payload) == shown


def test_a_payload_cannot_pass_for_another_record() -> None:
    lines = list(text.record_lines(record(b"{\n}\nr: d\n  at shard:8", detail="x\x1b[2J\ny")))
    assert lines == [
        "r: x\\x1b[2J\\ny",
        "  at shard:7, arrived 2001-02-03T00:00:00+00:00",
        "  payload, 21 bytes:",
        "    {",
        "    }",
        "    r: d",
        "      at shard:8",
    ]


def test_json_says_how_the_payload_is_written() -> None:
    shown = text.as_json(record(b"\xff"))
    assert (shown["payload"], shown["payload_encoding"]) == ("/w==", "base64")


def test_a_reason_is_not_read_as_markup() -> None:
    out = StringIO()
    Console(file=out, width=80).print(text.counts_table([("2001-02-03", "[bold]x[/bold]", 1234)]))
    assert "[bold]x[/bold]" in out.getvalue()
    assert "1,234" in out.getvalue()


def test_outcomes_in_words() -> None:
    outcome = Replayed(2, Counter({"too_late": 1, "invalid_json": 3}))
    assert text.replayed_line(outcome) == (
        "2 accepted and taken out of the quarantine; 4 still refused (invalid_json 3, too_late 1)"
    )
    assert text.preview_line(Replayed(1)) == "1 would be sent"
    assert text.refused_line(record(b""), Refusal("too_late", "a\nb")) == (
        "refused  2001-02-03 shard:7  too_late: a\\nb"
    )
    assert text.nothing_set_aside(Chosen("2001-02-03", "x")) == (
        "Nothing is set aside with reason x on 2001-02-03."
    )
    assert "held by another redrive" in text.nothing_failed(2)
    assert text.nothing_failed(0) == "No batch has failed: the queue is empty."
