"""Sending a validation's events as a client would.

Belongs here: the two doors, the collector and the stream. What the events are belongs in `marks`.
"""

import json
from collections.abc import Callable, Sequence

from infra.clients.delivery import Patience
from infra.clients.lines import ClientEvent
from infra.clients.report import SendError
from infra.clients.sender import SendOptions, send_events
from infra.deploy.access import Clients

Payloads = Sequence[dict[str, object]]
Send = Callable[[Payloads], None]


class NotAcceptedError(RuntimeError):
    """Some events were not taken; the message says why."""


def by_collector(url: str, timeout_s: float) -> Send:
    """Sends to the collector, as clients do."""

    def send(payloads: Payloads) -> None:
        options = SendOptions(workers=1, patience=Patience(deadline_s=timeout_s))
        try:
            report = send_events((ClientEvent(one) for one in payloads), url, options)
        except (SendError, ValueError) as error:
            raise NotAcceptedError(str(error)) from error
        if report.rejected:
            first = report.rejections[0]
            raise NotAcceptedError(
                f"the collector rejects {report.rejected} events ({first.reason}: {first.detail})"
            )

    return send


def by_stream(clients: Clients, stream: str) -> Send:
    """Puts onto the stream, as direct producers do."""

    def send(payloads: Payloads) -> None:
        answer = clients("kinesis").put_records(
            StreamName=stream,
            Records=[
                {"Data": json.dumps(one).encode(), "PartitionKey": str(one["session_id"])}
                for one in payloads
            ],
        )
        if answer["FailedRecordCount"]:
            refused = next(one for one in answer["Records"] if "ErrorCode" in one)
            raise NotAcceptedError(
                f"the stream refuses {answer['FailedRecordCount']} records "
                f"({refused['ErrorCode']}: {refused.get('ErrorMessage', '')})"
            )

    return send
