"""Reads the conformance cases: SQL, and what Athena makes of it (see conformance/README.md)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "conformance"
_REFUSALS = ("fails", "refused")


@dataclass
class Case:
    """One case. `verdict` is ``equal``, ``fails`` or ``refused``; the latter have a `reason`."""

    topic: str
    line: int
    sql: str
    verdict: str = "equal"
    types: str = ""
    reason: str = ""
    rows: list[list[str | None]] = field(default_factory=list)

    @property
    def query(self) -> str:
        """The SQL to run: an expression is selected."""
        word = self.sql.lstrip("(").split(maxsplit=1)[0].lower()
        statements = ("select", "selec", "with", "values", "table")
        return self.sql if word in statements else f"select {self.sql}"

    def __str__(self) -> str:
        return f"{self.topic}:{self.line}"


def _row(text: str) -> list[str | None]:
    return [None if value == "NULL" else value for value in text.split(" | ")]


def _expect(case: Case, line: str) -> None:
    word, _, rest = line.partition(" ")
    if word in _REFUSALS:
        case.verdict, case.reason = word, rest
        return
    types, _, value = line.partition("=")
    case.types = types.strip() or case.types
    if value:
        case.rows.append(_row(value[1:]))


def read(path: Path) -> Iterator[Case]:
    """Yield a topic's cases."""
    case: Case | None = None
    expected = False
    for number, line in enumerate(path.read_text().split("\n"), start=1):
        if line.startswith("--") or not line.strip():
            continue
        if line.startswith("    "):
            assert case is not None, f"{path.name}:{number}: an expectation without SQL"
            _expect(case, line.strip(" ") if "=" not in line else line.lstrip(" "))
            expected = True
        elif case is None or expected:
            if case is not None:
                yield case
            case, expected = Case(path.stem, number, line), False
        else:
            case.sql += f"\n{line}"
    if case is not None:
        yield case


def all_cases() -> list[Case]:
    """Return every case of every topic."""
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in read(path)]
