"""Functions of Trino on texts that DuckDB lacks, in Python.

Belongs here: functions of texts, in code points. Does not belong here: how they are registered (see
`python_functions`).
"""

import re
import unicodedata
from functools import lru_cache

from infra.local.athena.engine.scalars import invalid


def levenshtein(left: str, right: str) -> int:
    """Return the edit distance in code points."""
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, start=1):
        previous, row[0] = row[0], i
        for j, other in enumerate(right, start=1):
            cost = previous if one == other else 1 + min(previous, row[j], row[j - 1])
            previous, row[j] = row[j], cost
    return row[-1]


def hamming(left: str, right: str) -> int:
    """Return how many code points differ.

    Raises:
        ScalarError: The lengths differ.
    """
    if len(left) != len(right):
        raise invalid("The input strings to hamming_distance function must have the same length")
    return sum(one != other for one, other in zip(left, right, strict=True))


def luhn_check(text: str) -> bool:
    """Return whether digits pass the Luhn test.

    Raises:
        ScalarError: Something is no digit.
    """
    if not re.fullmatch(r"\d*", text, re.ASCII):
        raise invalid("Input contains non-digit characters")
    doubled = [int(c) * (1 + i % 2) for i, c in enumerate(reversed(text))]
    return bool(text) and sum(d - 9 * (d > 9) for d in doubled) % 10 == 0  # noqa: PLR2004


def normalize(text: str, form: str) -> str:
    """Return a Unicode normal form.

    Raises:
        ScalarError: There is no such form.
    """
    forms = {"NFC": "NFC", "NFD": "NFD", "NFKC": "NFKC", "NFKD": "NFKD"}
    if form.upper() not in forms:
        raise invalid("Normalization form must be one of [NFD, NFC, NFKD, NFKC]")
    return unicodedata.normalize(form.upper(), text)  # type: ignore[arg-type]


def reverse(text: str) -> str:
    """Return the code points in reverse order."""
    return text[::-1]


def decode(data: bytes) -> str:
    """Decode UTF-8, invalid sequences becoming U+FFFD."""
    return data.decode(errors="replace")


def strpos(text: str, part: str, instance: int) -> int:
    """Return the position of the n-th instance, from the end for a negative n; 0 if none.

    Raises:
        ScalarError: The instance is 0.
    """
    if instance == 0:
        raise invalid("'instance' must be a positive or negative number.")
    if not part:
        return 1 if instance > 0 else len(text) + 1
    find, start = (text.find, 0) if instance > 0 else (text.rfind, len(text))
    position = -1
    for _ in range(abs(instance)):
        position = find(part, start) if instance > 0 else find(part, 0, start)
        if position < 0:
            return 0
        start = position + 1 if instance > 0 else position + len(part) - 1
    return position + 1


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise invalid(f"Invalid regular expression: {text}: {error}") from error


def regexp_group(text: str, pattern: str, group: int) -> str | None:
    """Return a group of the first match, None if it took no part in it.

    Raises:
        ScalarError: There is no such group.
    """
    compiled = _pattern(pattern)
    if not 0 <= group <= compiled.groups:
        raise invalid(f"Pattern has {compiled.groups} groups. Cannot access group {group}")
    match = compiled.search(text)
    return match[group] if match else None


def regexp_groups(text: str, pattern: str, group: int) -> list[str | None]:
    """Return a group of every match.

    Raises:
        ScalarError: There is no such group.
    """
    regexp_group("", pattern, group)
    return [match[group] for match in _pattern(pattern).finditer(text)]


def regexp_count(text: str, pattern: str) -> int:
    """Return the number of matches."""
    return sum(1 for _ in _pattern(pattern).finditer(text))


def regexp_position(text: str, pattern: str) -> int:
    """Return the position of the first match, -1 if there is none."""
    match = _pattern(pattern).search(text)
    return match.start() + 1 if match else -1
