"""PublishBatch of SNS, half done.

Belongs here: the same as in `halves`, for a call that travels as a form and is answered in XML.
"""

import random
import re
from urllib.parse import parse_qsl, urlencode

from tests.soak.halves import Half

_ENTRY = re.compile(r"^PublishBatchRequestEntries\.member\.(\d+)\.(.+)$")
_FAILED = re.compile(rb"<Failed>(.*)</Failed>|<Failed ?/>", re.DOTALL)
_NOTHING_DONE = (
    b'<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>'
    b"<Successful></Successful><Failed></Failed></PublishBatchResult></PublishBatchResponse>"
)
_REFUSED = (
    "<member><Id>{}</Id><Code>InternalError</Code><Message>soak</Message>"
    "<SenderFault>false</SenderFault></member>"
)


def halve_publish(body: bytes, odds: float, rnd: random.Random) -> Half | None:
    """A PublishBatch of which some messages are refused; None for anything else."""
    if odds <= 0 or b"Action=PublishBatch" not in body:
        return None
    entries: dict[str, dict[str, str]] = {}
    others: dict[str, str] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        if entry := _ENTRY.match(name):
            entries.setdefault(entry[1], {})[entry[2]] = value
        else:
            others[name] = value
    kept: list[dict[str, str]] = []
    refused: list[dict[str, str]] = []
    for fields in entries.values():
        (refused if rnd.random() < odds else kept).append(fields)
    if not refused:
        return None
    failed = "".join(_REFUSED.format(fields["Id"]) for fields in refused).encode()

    def whole(answer: bytes) -> bytes:
        def with_failed(found: re.Match[bytes]) -> bytes:
            return b"<Failed>" + (found[1] or b"") + failed + b"</Failed>"

        return _FAILED.sub(with_failed, answer or _NOTHING_DONE)

    return Half(_form(others, kept) if kept else None, whole, len(refused))


def _form(others: dict[str, str], entries: list[dict[str, str]]) -> bytes:
    fields = dict(others)
    for number, entry in enumerate(entries, 1):
        for name, value in entry.items():
            fields[f"PublishBatchRequestEntries.member.{number}.{name}"] = value
    return urlencode(fields).encode()
