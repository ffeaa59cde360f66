"""Functions of Trino on numbers and bytes that DuckDB lacks, in Python.

Belongs here: functions of values. Does not belong here: texts (see `text_scalars`), JSON (see
`json_functions`) and SQL (see `macros`).

DuckDB calls them with values, never with NULL, except where `null_handling` says so in `install`.
They raise `ScalarError`, whose text starts with Athena's error name.
"""

import base64
import binascii
import hashlib
import hmac
import math
import struct
import zlib
from decimal import ROUND_HALF_UP, Decimal

from infra.local.athena.engine.xxhash import xxh64


class ScalarError(ValueError):
    """A function refused its arguments."""


def fail(message: str) -> None:
    """Fail with a message; DuckDB's own `error` cannot be used inside TRY.

    Raises:
        ScalarError: Always.
    """
    raise ScalarError(message)


def invalid(message: str) -> ScalarError:
    """Return the error of an argument that a function does not take."""
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
        raise invalid(f'Not a valid base-{radix} number: "{text}"') from error


def to_base(value: int, radix: int) -> str:
    """Return a number in another base.

    Raises:
        ScalarError: The base is not between 2 and 36.
    """
    if not 2 <= radix <= 36:  # noqa: PLR2004 (Java's bounds)
        raise invalid("Radix must be between 2 and 36")
    digits, rest = "", abs(value)
    while rest:
        rest, digit = divmod(rest, radix)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return ("-" if value < 0 else "") + (digits or "0")


def from_base64url(text: str) -> bytes:
    """Decode URL-safe base64.

    Raises:
        ScalarError: It is none.
    """
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise invalid(f"Illegal base64 character in {text!r}") from error


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
        raise invalid("expected 8-byte input, but got instead: " + str(len(data)))
    return int(struct.unpack(">q", data)[0])
