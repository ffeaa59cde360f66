"""Translation of Trino's two languages of date patterns into strftime's.

Belongs here: the MySQL patterns of `date_format` and `date_parse`, the Joda patterns of
`format_datetime` and `parse_datetime`, and which of them are refused. Does not belong here: the
calls (see `times`).
"""

from infra.local.athena.errors import QueryError, unsupported

_MYSQL = {
    "a": "%a",
    "b": "%b",
    "c": "%-m",
    "d": "%d",
    "e": "%-d",
    "f": "%f",
    "H": "%H",
    "h": "%I",
    "I": "%I",
    "i": "%M",
    "j": "%j",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "m": "%m",
    "p": "%p",
    "r": "%I:%M:%S %p",
    "S": "%S",
    "s": "%S",
    "T": "%H:%M:%S",
    "v": "%V",
    "W": "%A",
    "x": "%G",
    "Y": "%Y",
    "y": "%y",
    "%": "%%",
}
_MYSQL_REFUSED_BY_TRINO = "DUuVwX"
_ONLY_FORMATTED = "vx"  # DuckDB does not parse ISO weeks alone

_JODA = {
    "yyyy": "%Y",
    "YYYY": "%Y",
    "xxxx": "%G",
    "EEEE": "%A",
    "MMMM": "%B",
    "SSS": "%g",
    "EEE": "%a",
    "MMM": "%b",
    "DDD": "%j",
    "EE": "%a",
    "yy": "%y",
    "MM": "%m",
    "dd": "%d",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "ww": "%V",
    "E": "%a",
    "M": "%-m",
    "d": "%-d",
    "H": "%-H",
    "h": "%-I",
    "m": "%-M",
    "s": "%-S",
    "a": "%p",
    "e": "%u",
    "y": "%Y",
    "D": "%-j",
}
_JODA_LETTERS = "GCYxwEeyDMdaKhHkmsSzZ"
_JODA_UTC = {"Z": "+0000", "ZZ": "+00:00"}


def _refused(what: str) -> QueryError:
    return QueryError(f"INVALID_FUNCTION_ARGUMENT: {what}")


def mysql_to_strftime(pattern: str, *, parsing: bool) -> str:
    """Translate a MySQL pattern: ``%Y-%m-%d %H:%i`` gives ``%Y-%m-%d %H:%M``.

    Raises:
        QueryError: Trino refuses it too, or it has no equivalent.
    """
    result, index = [], 0
    while index < len(pattern):
        char = pattern[index]
        if char != "%":
            result.append(char)
            index += 1
            continue
        letter = pattern[index + 1 : index + 2]
        index += 2
        if letter and letter in _MYSQL_REFUSED_BY_TRINO:
            raise _refused(f"%{letter} not supported in date format string")
        if parsing and letter and letter in _ONLY_FORMATTED:
            raise unsupported(f"%{letter} in date_parse")
        # An unknown letter stands for itself.
        result.append(_MYSQL.get(letter, letter))
    return "".join(result)


def joda_to_strftime(pattern: str, *, parsing: bool, zoned: bool = True) -> str:
    """Translate a Joda pattern: ``yyyy-MM-dd'T'HH`` gives ``%Y-%m-%dT%H``.

    Args:
        pattern: In Joda's letters.
        parsing: Whether text is read with it; else it is written.
        zoned: Whether the value written is in UTC, so that its zone is known.

    Raises:
        QueryError: Joda refuses it too, or a letter has no equivalent.
    """
    result, index = [], 0
    while index < len(pattern):
        char = pattern[index]
        if char == "'":
            end = pattern.find("'", index + 1)
            end = len(pattern) if end < 0 else end
            result.append(pattern[index + 1 : end].replace("%", "%%") or "'")
            index = end + 1
        elif char.isascii() and char.isalpha():
            end = index
            while pattern[end : end + 1] == char:
                end += 1
            result.append(_joda(pattern[index:end], parsing=parsing, zoned=zoned))
            index = end
        else:
            result.append("%%" if char == "%" else char)
            index += 1
    return "".join(result)


def _joda(letters: str, *, parsing: bool, zoned: bool) -> str:
    if letters[0] not in _JODA_LETTERS:
        raise _refused(f"Illegal pattern component: {letters}")
    if letters in _JODA_UTC and (parsing or zoned):
        return "%z" if parsing else _JODA_UTC[letters]
    if letters not in _JODA or (parsing and letters in ("xxxx", "ww", "e", "D", "DDD")):
        raise unsupported(f"The date pattern {letters}")
    return _JODA[letters]
