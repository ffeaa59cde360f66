"""What a bench leaves behind: `docs/bench/<name>.json` and a table beside it.

Belongs here: the files, and what every bench says about itself. No machine's paths or names.
"""

import json
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path("docs") / "bench"

Row = tuple[object, ...]


def circumstances() -> dict[str, Any]:
    """When, on how much, and with which Python."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def table(header: Row, rows: Iterable[Row]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    rule = ("---", *("---:" for _ in header[1:]))
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in (header, rule, *rows))


def figure(value: float | None) -> str:
    """A number with three significant figures; a dash when there is none."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def write(name: str, title: str, figures: dict[str, Any], parts: list[str]) -> str:
    """Writes both files.

    Args:
        name: The bench's name, the files' stem.
        title: The heading of the table.
        figures: Everything measured, for programs.
        parts: Paragraphs and tables, for people.

    Returns:
        The table's text.
    """
    about = circumstances()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps({**about, **figures}, indent=2) + "\n")
    line = f"{about['date']}, {about['cores']} cores, Python {about['python']}."
    text = "\n\n".join([f"# {title}", line, *parts]) + "\n"
    (FOLDER / f"{name}.md").write_text(text)
    return text
