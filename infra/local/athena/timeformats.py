"""Translation of Joda date patterns into strftime patterns.

Belongs here: the pattern language of `format_datetime` and `parse_datetime`. Does not belong here:
the MySQL patterns of `date_format` and `date_parse`, which sqlglot translates.
"""

from infra.local.athena.errors import unsupported

# Longer patterns first: MMM must not be read as MM followed by M.
_JODA = (
    ("yyyy", "%Y"),
    ("EEEE", "%A"),
    ("MMMM", "%B"),
    ("SSS", "%g"),
    ("EEE", "%a"),
    ("MMM", "%b"),
    ("DDD", "%j"),
    ("yy", "%y"),
    ("MM", "%m"),
    ("dd", "%d"),
    ("HH", "%H"),
    ("hh", "%I"),
    ("mm", "%M"),
    ("ss", "%S"),
    ("ZZ", "%z"),
    ("YYYY", "%Y"),
    ("M", "%-m"),
    ("d", "%-d"),
    ("H", "%-H"),
    ("h", "%-I"),
    ("m", "%-M"),
    ("s", "%-S"),
    ("a", "%p"),
    ("Z", "%z"),
    ("y", "%Y"),
)


def joda_to_strftime(pattern: str) -> str:
    """Translate a Joda pattern: ``yyyy-MM-dd'T'HH`` gives ``%Y-%m-%dT%H``.

    Raises:
        QueryError: The pattern has a letter with no equivalent.
    """
    result, index = [], 0
    while index < len(pattern):
        if pattern[index] == "'":
            end = pattern.find("'", index + 1)
            end = len(pattern) if end < 0 else end
            result.append(pattern[index + 1 : end] or "'")
            index = end + 1
            continue
        for joda, strftime in _JODA:
            if pattern.startswith(joda, index):
                result.append(strftime)
                index += len(joda)
                break
        else:
            if pattern[index].isalpha():
                raise unsupported(f"the date pattern letter '{pattern[index]}'")
            result.append("%%" if pattern[index] == "%" else pattern[index])
            index += 1
    return "".join(result)
