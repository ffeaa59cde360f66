"""The alarms: there, and what they say just now.

Belongs here: CloudWatch. What is watched, and what an alarm means, belongs in `infra.alarms`.
"""

from collections.abc import Iterator

from infra.deploy.access import Clients
from infra.deploy.doctor.findings import Finding, ok, problem, warning
from infra.resource_types import Alarm

_SUBJECT = "alarms"
_PAGE = 100  # the most CloudWatch describes by name at a time


def check_alarms(client: Clients, alarms: tuple[Alarm, ...], recreate: str) -> Iterator[Finding]:
    """The alarms of a platform.

    Args:
        client: AWS clients.
        alarms: Those described.
        recreate: The command that creates what is missing.
    """
    states: dict[str, str] = {}
    for start in range(0, len(alarms), _PAGE):
        names = [one.name for one in alarms[start : start + _PAGE]]
        answer = client("cloudwatch").describe_alarms(AlarmNames=names, MaxRecords=_PAGE)
        states.update({one["AlarmName"]: one["StateValue"] for one in answer["MetricAlarms"]})
    gone = [one.name for one in alarms if one.name not in states]
    if gone:
        means = "nobody is told when that goes wrong"
        yield problem(_SUBJECT, f"missing: {', '.join(gone)}", means, recreate)
    ringing = [one for one in alarms if states.get(one.name) == "ALARM"]
    for one in ringing:
        yield warning(f"alarm {one.name}", "rings", one.meaning, "docs/operations.md, by its name")
    if not gone and not ringing:
        yield ok(_SUBJECT, f"all {len(alarms)} there, none rings")
