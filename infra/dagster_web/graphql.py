"""GraphQL over HTTP, as Dagster's web server speaks it.

Belongs here: one question, one answer, and what can go wrong between the two. Which questions there
are belongs in `queries`, what the answers mean to whoever asks.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import urllib3

# A question can wait for the database behind a run that writes thousands of events into it.
_TIMEOUT_S = 60.0
_CONNECT_S = 5.0
_SHOWN = 300


class DagsterError(RuntimeError):
    """Dagster refuses something, or is not as it has to be; the message says what."""


class UnreachableError(DagsterError):
    """Nothing answers, or not in time; it may answer later."""


class GraphQL:
    """A web server.

    Args:
        url: Its address.
        timeout_s: How long an answer may take, in seconds.

    Attributes:
        url: Its address, without a slash at the end.
    """

    def __init__(self, url: str, timeout_s: float = _TIMEOUT_S) -> None:
        """Makes no connection yet; raises `DagsterError` if the address is none."""
        if not url.startswith(("http://", "https://")):
            raise DagsterError(f"{url!r} is no address: write it as http://127.0.0.1:3000")
        self.url = url.rstrip("/")
        # A question is never sent again by itself: a backfill must not be started twice.
        timeout = urllib3.Timeout(connect=_CONNECT_S, read=timeout_s)
        self._http = urllib3.PoolManager(maxsize=1, timeout=timeout, retries=False)

    def answers(self) -> bool:
        """Whether Dagster is there.

        Returns:
            False when nobody listens at the address, or somebody else does.

        Raises:
            UnreachableError: If somebody listens and does not answer in time: it may be Dagster,
                busy or starting, so nobody may conclude that no run is under way.
        """
        try:
            answer = self._http.request("GET", f"{self.url}/server_info")
        except urllib3.exceptions.NewConnectionError:
            return False
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error
        return b"dagster_version" in answer.data

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
            raise self._unreachable(error) from error
        return self._data_of(answer)

    def _unreachable(self, error: urllib3.exceptions.HTTPError) -> UnreachableError:
        why = str(error).rpartition(": ")[2]  # before it is what urllib3 calls the connection
        return UnreachableError(f"Dagster does not answer at {self.url}: {why}")

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


def first_line(message: str) -> str:
    """What an error of Dagster says; after the first line comes where in its code it happened."""
    return message.strip().partition("\n")[0]
