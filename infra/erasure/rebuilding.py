"""Building the marts anew.

Belongs here: by whom and how: Dagster where it runs, so that no other run builds them at the same
time; else dbt itself. What a mart is belongs in `dbt_sql/`.

The marts are functions of all events and are built whole (docs/adr/0005), so one build after the
hours were written anew is enough, whichever hour the run is of. Incremental marts would need a run
for each of the hours.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import urllib3

from clickstream_platform.core.dbt_arguments import build_arguments
from infra.erasure.errors import ErasureError
from infra.local.processes import Running, Spec, StartError

_JOB = "hourly_rollup"
_LAYER = "marts"
_PARTITION_TAG = "dagster/partition"
_REASON_TAG = {"key": "clickstream/reason", "value": "erasure"}
_FINAL = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
_POLL_S = 1.0
_TIMEOUT_S = 4 * 3600.0
_REACH_S = 2.0

_WHERE = """
query($key: AssetKeyInput!) {
  repositoriesOrError {
    ... on RepositoryConnection { nodes { name location { name } jobs { name } } }
    ... on PythonError { message }
  }
  assetNodeOrError(assetKey: $key) { ... on AssetNode { partitionKeys } }
}"""
_LAUNCH = """
mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on InvalidSubsetError { message }
    ... on UnauthorizedError { message }
  }
}"""
_STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


class Rebuilder(Protocol):
    """Whoever builds the marts."""

    def rebuild(self, marts: Sequence[str], hours: Sequence[str]) -> None:
        """Builds marts from the events as they are now, and waits until that is done.

        Args:
            marts: Their tables.
            hours: The hours that have changed.

        Raises:
            ErasureError: If they cannot be built.
        """


class DagsterRebuilder:
    """A run of the job that builds them, queued behind the runs that do so already.

    Args:
        url: Dagster's web server.
        http: The client.
        poll_s: How often the run is asked after, in seconds.
    """

    def __init__(
        self, url: str, http: urllib3.PoolManager | None = None, poll_s: float = _POLL_S
    ) -> None:
        self._url = url
        self._http = http or urllib3.PoolManager(retries=urllib3.Retry(3))
        self._poll_s = poll_s

    def answers(self) -> bool:
        """Whether Dagster is there."""
        try:
            answer = self._http.request(
                "GET", f"{self._url}/server_info", timeout=_REACH_S, retries=False
            )
        except urllib3.exceptions.HTTPError:
            return False
        return b"dagster_version" in answer.data

    def rebuild(self, marts: Sequence[str], hours: Sequence[str]) -> None:
        """As `Rebuilder.rebuild`."""
        found = self._ask(_WHERE, {"key": {"path": [_LAYER, marts[0]]}})
        selector = _selector_of(found)
        tags = [{"key": _PARTITION_TAG, "value": _partition_of(found, hours)}, _REASON_TAG]
        keys = [{"path": [_LAYER, mart]} for mart in marts]
        params = {
            "selector": {**selector, "assetSelection": keys, "assetCheckSelection": []},
            "executionMetadata": {"tags": tags},
        }
        launched = self._ask(_LAUNCH, {"params": params})["launchRun"]
        if "run" not in launched:
            reason = launched.get("message", launched["__typename"])
            raise ErasureError(f"Dagster does not launch a build of the marts: {reason}")
        self._follow(launched["run"]["runId"])

    def _follow(self, run_id: str) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        while (status := self._status(run_id)) not in _FINAL:
            if time.monotonic() > deadline:
                raise ErasureError(f"the build of the marts, run {run_id}, is still {status}")
            time.sleep(self._poll_s)
        if status != "SUCCESS":
            raise ErasureError(f"the build of the marts ended with {status}: see run {run_id}")

    def _status(self, run_id: str) -> str:
        return str(self._ask(_STATUS, {"id": run_id})["runOrError"].get("status"))

    def _ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        try:
            answer = self._http.request(
                "POST", f"{self._url}/graphql", json={"query": query, "variables": variables}
            )
            document = answer.json()
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise ErasureError(f"Dagster at {self._url} does not answer: {error}") from error
        if errors := document.get("errors"):
            raise ErasureError(f"Dagster refuses a query: {errors[0].get('message')}")
        return document["data"]


class DbtRebuilder:
    """dbt in a process of its own, for where no Dagster runs.

    Args:
        project: The dbt project's folder.
        environment: What its profile reads.
    """

    def __init__(self, project: Path, environment: Mapping[str, str]) -> None:
        self._project = project
        self._environment = environment

    def rebuild(self, marts: Sequence[str], hours: Sequence[str]) -> None:  # noqa: ARG002 - whole
        """As `Rebuilder.rebuild`."""
        beside = Path(sys.executable).with_name("dbt")
        with TemporaryDirectory(prefix="dbt-") as folder:
            command = (
                str(beside) if beside.exists() else "dbt",
                *build_arguments(),
                *("--select", *marts),
                *("--project-dir", str(self._project), "--profiles-dir", str(self._project)),
                *("--target-path", f"{folder}/target", "--log-path", f"{folder}/logs"),
            )
            dbt = Running(
                Spec("dbt", command, self._environment), Path(folder, "output"), self._project
            )
            try:
                dbt.wait_ended()
            except StartError as error:
                raise ErasureError(f"the marts cannot be built: {error}") from error
            finally:  # interrupted, it is not to go on alone
                dbt.ask_to_stop()
                dbt.wait_stopped()


def _selector_of(found: Mapping[str, Any]) -> dict[str, str]:
    """Where the job is."""
    repositories = found["repositoriesOrError"]
    for node in repositories.get("nodes", ()):
        if any(job["name"] == _JOB for job in node["jobs"]):
            return {
                "repositoryLocationName": node["location"]["name"],
                "repositoryName": node["name"],
                "jobName": _JOB,
            }
    reason = repositories.get("message", "its code location is not loaded")
    raise ErasureError(f"Dagster does not know the job {_JOB}: {reason}")


def _partition_of(found: Mapping[str, Any], hours: Sequence[str]) -> str:
    """An hour the run can be of: one that has changed, if Dagster knows it."""
    keys = found["assetNodeOrError"].get("partitionKeys") or []
    if not keys:
        raise ErasureError("Dagster knows no hour of the marts")
    known = set(keys)
    return max((hour for hour in hours if hour in known), default=str(keys[-1]))
