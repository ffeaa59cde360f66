"""The collector over HTTP.

Belongs here: whether somebody who sends an event is answered. What becomes of an event is what
`clickstream validate` finds out.
"""

from collections.abc import Iterator
from http import HTTPStatus

import urllib3

from infra.deploy.doctor.findings import Finding, ok, problem, warning
from infra.deploy.sites import Site

_TIMEOUT_S = 10.0


def check_collector(site: Site) -> Iterator[Finding]:
    """The collector answers."""
    url = site.addresses.collector
    means = "no client can send an event"
    if url is None:
        why = f"its address is not known: {site.addresses.unknown_because}"
        yield warning("collector", why, "it was not looked at", "give --collector URL")
        return
    address = f"{url.rstrip('/')}/health"
    try:
        answer = urllib3.request("GET", address, timeout=_TIMEOUT_S, retries=False)
    except urllib3.exceptions.HTTPError as error:
        yield problem("collector", f"does not answer at {address} ({error})", means, site.recreate)
        return
    if answer.status != HTTPStatus.OK or b'"ok"' not in answer.data:
        yield problem("collector", f"{address} answers {answer.status}", means, site.recreate)
    else:
        yield ok("collector", f"answers at {url}")
