"""Functions of Trino that DuckDB lacks, in Python.

Belongs here: functions of values. Does not belong here: SQL (see `macros`), and the functions of
JSON (see `json_functions`).

DuckDB calls them with values, never with NULL, except where `null_handling` says so in `install`.
They raise `ScalarError`, whose text starts with Athena's error name.
"""

import base64
import binascii
import hashlib
import hmac
import math
import re
import struct
import unicodedata
import zlib
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from infra.local.athena.xxhash import xxh64


class ScalarError(ValueError):
    """A function refused its arguments."""


def fail(message: str) -> None:
    """Fail with a message; DuckDB's own `error` cannot be used inside TRY.

    Raises:
        ScalarError: Always.
    """
    raise ScalarError(message)


def _invalid(message: str) -> ScalarError:
    return ScalarError(f"INVALID_FUNCTION_ARGUMENT: {message}")


def divide_decimals(dividend: str, divisor: str, scale: int) -> str:
    """Divide exactly, and round halves away from zero."""
    if not Decimal(divisor):
        raise ScalarError("DIVISION_BY_ZERO: Division by zero")
    one, other = Decimal(dividend), Decimal(divisor)
    exponent = min(int(one.as_tuple().exponent), int(other.as_tuple().exponent))
    left, right = int(one.scaleb(-exponent)), int(other.scaleb(-exponent))
    quotient, rest = divmod(abs(left) * 10**scale, abs(right))
    quotient += 2 * rest >= abs(right)
    sign = "-" if (left < 0) != (right < 0) and quotient else ""
    text = str(quotient).rjust(scale + 1, "0")
    return sign + (f"{text[:-scale]}.{text[-scale:]}" if scale else text)


def java_scientific(value: float) -> str:
    """Return a double as Trino casts it to text: ``1.5E0``, ``1.0E-3``, ``0E0``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    return _scientific(repr(value))


def java_scientific_real(value: float) -> str:
    """Return a single-precision number as Trino casts it to text."""
    if not math.isfinite(value) or value == 0:
        return java_scientific(value)
    for precision in range(1, 10):
        text = f"{value:.{precision}g}"
        if struct.pack("f", float(text)) == struct.pack("f", value):
            return _scientific(text)
    return _scientific(repr(value))


def _scientific(shortest: str) -> str:
    sign, digits, exponent = Decimal(shortest).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = len(text) - 1 + int(exponent)
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def fixed(value: str, places: int) -> str:
    """Return a number with so many places, halves away from zero, as Java formats it."""
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def cbrt(value: float) -> float:
    """Return the cube root, exact for cubes."""
    root = math.cbrt(value)
    return round(root) if math.isfinite(root) and round(root) ** 3 == value else root


def from_base(text: str, radix: int) -> int:
    """Parse a number in another base.

    Raises:
        ScalarError: It is none.
    """
    try:
        return int(text, radix)
    except ValueError as error:
        raise _invalid(f'Not a valid base-{radix} number: "{text}"') from error


def to_base(value: int, radix: int) -> str:
    """Return a number in another base.

    Raises:
        ScalarError: The base is not between 2 and 36.
    """
    if not 2 <= radix <= 36:  # noqa: PLR2004 (Java's bounds)
        raise _invalid("Radix must be between 2 and 36")
    digits, rest = "", abs(value)
    while rest:
        rest, digit = divmod(rest, radix)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return ("-" if value < 0 else "") + (digits or "0")


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
        raise _invalid("The input strings to hamming_distance function must have the same length")
    return sum(one != other for one, other in zip(left, right, strict=True))


def luhn_check(text: str) -> bool:
    """Return whether digits pass the Luhn test.

    Raises:
        ScalarError: Something is no digit.
    """
    if not re.fullmatch(r"\d*", text, re.ASCII):
        raise _invalid("Input contains non-digit characters")
    doubled = [int(c) * (1 + i % 2) for i, c in enumerate(reversed(text))]
    return bool(text) and sum(d - 9 * (d > 9) for d in doubled) % 10 == 0  # noqa: PLR2004


def normalize(text: str, form: str) -> str:
    """Return a Unicode normal form.

    Raises:
        ScalarError: There is no such form.
    """
    forms = {"NFC": "NFC", "NFD": "NFD", "NFKC": "NFKC", "NFKD": "NFKD"}
    if form.upper() not in forms:
        raise _invalid("Normalization form must be one of [NFD, NFC, NFKD, NFKC]")
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
        raise _invalid("'instance' must be a positive or negative number.")
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
        raise _invalid(f"Invalid regular expression: {text}: {error}") from error


def regexp_group(text: str, pattern: str, group: int) -> str | None:
    """Return a group of the first match, None if it took no part in it.

    Raises:
        ScalarError: There is no such group.
    """
    compiled = _pattern(pattern)
    if not 0 <= group <= compiled.groups:
        raise _invalid(f"Pattern has {compiled.groups} groups. Cannot access group {group}")
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


def from_base64url(text: str) -> bytes:
    """Decode URL-safe base64.

    Raises:
        ScalarError: It is none.
    """
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise _invalid(f"Illegal base64 character in {text!r}") from error


def to_base64url(data: bytes) -> str:
    """Encode as URL-safe base64."""
    return base64.urlsafe_b64encode(data).decode()


def crc32(data: bytes) -> int:
    """Return the CRC-32."""
    return zlib.crc32(data)


def sha512(data: bytes) -> bytes:
    """Return the SHA-512 digest."""
    return hashlib.sha512(data).digest()


def xxhash64(data: bytes) -> bytes:
    """Return the XXH64 digest, big endian."""
    return xxh64(data).to_bytes(8)


def hmac_of(algorithm: str, data: bytes, key: bytes) -> bytes:
    """Return the HMAC of data."""
    return hmac.new(key, data, algorithm).digest()


def to_big_endian(value: int) -> bytes:
    """Return a number's eight bytes."""
    return struct.pack(">q", value)


def from_big_endian(data: bytes) -> int:
    """Return the number of eight bytes.

    Raises:
        ScalarError: There are not eight.
    """
    if len(data) != 8:  # noqa: PLR2004 (a bigint's bytes)
        raise _invalid("expected 8-byte input, but got instead: " + str(len(data)))
    return int(struct.unpack(">q", data)[0])
