"""Jobs in the code locations that Dagster has loaded.

Belongs here: finding one by its name. Running it belongs in `runs`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.dagster_web import queries
from infra.dagster_web.graphql import DagsterError, GraphQL, first_line, one_of


@dataclass(frozen=True)
class Job:
    """A job, where it was found.

    Attributes:
        name: Its name.
        location: Its code location.
        repository: Its repository there.
        partition_set: Dagster's name for its partitions; None when it has none.
    """

    name: str
    location: str
    repository: str
    partition_set: str | None

    @property
    def repository_selector(self) -> dict[str, str]:
        """The repository, as Dagster wants it named."""
        return {"repositoryLocationName": self.location, "repositoryName": self.repository}


def find_job(graphql: GraphQL, name: str) -> Job:
    """Finds a job among the code locations.

    Raises:
        UnreachableError: If there is no answer.
        DagsterError: If it is in none; says which could not be loaded.
    """
    return job_in(graphql.ask(queries.LOCATIONS), name)


def job_in(answer: Mapping[str, Any], name: str) -> Job:
    """Reads a job out of the answer to `queries.LOCATIONS`; raises `DagsterError` without it."""
    broken = []
    for entry in one_of(answer["workspaceOrError"], "Workspace")["locationEntries"]:
        loaded = entry["locationOrLoadError"]
        if loaded is None:
            broken.append(f"{entry['name']} is still loading")
        elif loaded["__typename"] != "RepositoryLocation":
            broken.append(f"{entry['name']} cannot be loaded: {first_line(loaded['message'])}")
        else:
            jobs = _jobs_in(entry["name"], loaded["repositories"])
            found = next((job for job in jobs if job.name == name), None)
            if found is not None:
                return found
    raise DagsterError("; ".join([f"no code location there has the job {name}", *broken]))


def _jobs_in(location: str, repositories: Sequence[Mapping[str, Any]]) -> Iterable[Job]:
    for repository in repositories:
        sets = {one["pipelineName"]: one["name"] for one in repository["partitionSets"]}
        for found in repository["jobs"]:
            yield Job(found["name"], location, repository["name"], sets.get(found["name"]))
