"""GraphQL over HTTP, as Dagster's web server speaks it.

Belongs here: one question, one answer, and what can go wrong between the two. Which questions there
are belongs in `queries`, what the answers mean in `dagster_server`.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import urllib3

# A question can wait for the database behind a run that writes thousands of events into it.
_TIMEOUT = urllib3.Timeout(connect=5.0, read=60.0)
_SHOWN = 300


class DagsterError(RuntimeError):
    """Dagster refuses something, or is not as it has to be; the message says what."""


class UnreachableError(DagsterError):
    """Nothing answers, or not in time; it may answer later."""


class GraphQL:
    """A web server.

    Attributes:
        url: Its address, without a slash at the end.
    """

    def __init__(self, url: str) -> None:
        """Makes no connection yet; raises `DagsterError` if the address is none."""
        if not url.startswith(("http://", "https://")):
            raise DagsterError(f"{url!r} is no address: write it as http://127.0.0.1:3000")
        self.url = url.rstrip("/")
        # A question is never sent again by itself: a backfill must not be started twice.
        self._http = urllib3.PoolManager(maxsize=1, timeout=_TIMEOUT, retries=False)

    def ask(self, document: str, **variables: object) -> dict[str, Any]:
        """Sends a document.

        Args:
            document: The question.
            variables: Its variables.

        Returns:
            The answer's data: for each field of the question its value.

        Raises:
            UnreachableError: If there is no answer.
            DagsterError: If the answer is an error, or no Dagster's.
        """
        try:
            answer = self._http.request(
                "POST", f"{self.url}/graphql", json={"query": document, "variables": variables}
            )
        except urllib3.exceptions.LocationValueError as error:
            raise DagsterError(f"{self.url} is no address: {error}") from None
        except urllib3.exceptions.HTTPError as error:
            why = str(error).rpartition(": ")[2]  # before it is what urllib3 calls the connection
            raise UnreachableError(f"Dagster does not answer at {self.url}: {why}") from error
        return self._data_of(answer)

    def _data_of(self, answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
        try:
            found = json.loads(answer.data)
            errors, data = found.get("errors"), found.get("data")
        except (ValueError, AttributeError):
            if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise UnreachableError(f"{self.url} answers {answer.status}") from None
            raise DagsterError(
                f"{self.url} is answered by something else than Dagster: {answer.data[:_SHOWN]!r}"
            ) from None
        if errors or data is None:
            told = "; ".join(str(error.get("message")) for error in errors or [])
            raise DagsterError(f"Dagster cannot answer: {told[:_SHOWN] or answer.status}")
        return dict(data)


def one_of(answer: Mapping[str, Any], expected: str) -> Mapping[str, Any]:
    """A value of a union, when it is of the type that was hoped for.

    Raises:
        DagsterError: If it is another; those are errors and say why.
    """
    if answer["__typename"] != expected:
        raise DagsterError(str(answer.get("message") or answer["__typename"]))
    return answer
