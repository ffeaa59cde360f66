"""Whether a record that could not be accepted names a person.

Belongs here: looking into payloads of any shape. Reading and writing the quarantine belongs in
`quarantine`.

Such a record has no fields one could rely on, so every text in it is compared, at any depth, also
in JSON within JSON. A number counts where its name is that of an id. What is no JSON is searched
for the ids as they were given. When in doubt the record goes: nothing counts on it.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from clickstream_platform.core.erasure import Person

_LONGEST_ID = 1024
_DEEPEST = 64  # JSON within JSON
_NAMES_ID = ("id", "user", "anonymous", "visitor", "session", "device")
_WORD = rb"A-Za-z0-9_"
_TOKENS = re.compile(rb"[^\s\"'\\,;&=?(){}\[\]<>]+")

_decoder = msgspec.json.Decoder()


class Mentions:
    """Looks for one person.

    Args:
        person: Their ids, as digests.
        given: The ids given, in clear.
    """

    def __init__(self, person: Person, given: Iterable[str]) -> None:
        self._person = person
        # Not within a longer word: the id 4 is not in 42.
        self._texts = [
            re.compile(rb"(?<![%b])%b(?![%b])" % (_WORD, re.escape(one.encode()), _WORD))
            for one in given
        ]

    def are_in(self, payload: bytes) -> bool:
        """Whether a payload names the person."""
        try:
            value = _decoder.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self.are_in_bytes(payload)
        return any(map(self._person.has, _identifiers(value)))

    def are_in_bytes(self, content: bytes) -> bool:
        """Whether bytes of an unknown kind do."""
        if any(text.search(content) for text in self._texts):
            return True
        tokens = (match[0].strip(b".:/-") for match in _TOKENS.finditer(content))
        return any(
            self._person.has(token.decode(errors="replace"))
            for token in tokens
            if len(token) <= _LONGEST_ID
        )


def _identifiers(value: object) -> Iterator[str]:
    """Every text in a JSON value that may be an id."""
    waiting: list[tuple[str, object, int]] = [("", value, 0)]
    while waiting:
        name, one, depth = waiting.pop()
        if isinstance(one, dict):
            yield from one
            waiting += [(key, item, depth) for key, item in one.items()]
        elif isinstance(one, list):
            waiting += [(name, item, depth) for item in one]
        elif isinstance(one, str):
            if len(one) <= _LONGEST_ID:
                yield one
            if depth < _DEEPEST and (inner := _json_in(one)) is not None:
                waiting.append((name, inner, depth + 1))
        elif isinstance(one, int) and not isinstance(one, bool) and _names_id(name):
            yield str(one)


def _json_in(text: str) -> object:
    """The object or list a text holds as JSON; None when it holds none."""
    if text[:1] not in {"{", "["}:
        return None
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _names_id(name: str) -> bool:
    lowered = name.lower()
    return any(word in lowered for word in _NAMES_ID)
