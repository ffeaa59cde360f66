"""Answers of Dagster's web server about jobs, runs and assets, read as they come."""

from typing import Any

import pytest

from infra.dagster_web.assets import metadata_of
from infra.dagster_web.graphql import DagsterError
from infra.dagster_web.runs import first_error_in
from infra.dagster_web.workspace import job_in


def location(name: str, loaded: dict[str, Any] | None) -> dict[str, Any]:
    return {"name": name, "locationOrLoadError": loaded}


def workspace(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"workspaceOrError": {"__typename": "Workspace", "locationEntries": list(entries)}}


def test_the_job_is_found_in_whatever_location_it_is() -> None:
    sets = [{"name": "a_set", "pipelineName": "a"}, {"name": "b_set", "pipelineName": "b"}]
    jobs = [{"name": "a"}, {"name": "b"}, {"name": "whole"}]
    loaded = {
        "__typename": "RepositoryLocation",
        "repositories": [{"name": "repo", "jobs": jobs, "partitionSets": sets}],
    }
    answer = workspace(location("other", None), location("ours", loaded))
    job = job_in(answer, "b")
    assert (job.location, job.repository, job.partition_set) == ("ours", "repo", "b_set")
    assert job_in(answer, "whole").partition_set is None


def test_a_location_that_cannot_be_loaded_is_named_when_the_job_is_missing() -> None:
    """Otherwise a broken deployment reads like a wrong address."""
    broken = {"__typename": "PythonError", "message": "ImportError: no\nTraceback"}
    with pytest.raises(DagsterError, match=r"ours cannot be loaded: ImportError: no$"):
        job_in(workspace(location("ours", broken)), "b")
    with pytest.raises(DagsterError, match="has the job b; ours is still loading"):
        job_in(workspace(location("ours", None)), "b")


def test_the_error_that_is_told_is_the_cause_without_its_class() -> None:
    cause = {"message": "dagster._core.definitions.events.Failure: 1 of 22 hours: x\n  more\n"}
    step = {"stepKey": "events", "error": {"message": "Error occurred", "causes": [cause]}}
    assert first_error_in([{}, step, {"message": "Steps failed"}]) == "events: 1 of 22 hours: x"
    assert first_error_in([{}, {"message": "killed", "error": None}]) == "killed"
    assert first_error_in([{}]) is None


def test_metadata_is_exact_beyond_32_bits() -> None:
    """GraphQL has no larger numbers: Dagster answers null there, and bytes are often more."""
    entries = [
        {"label": "bytes", "intRepr": str(2**40)},
        {"label": "dry_run", "boolValue": False},
        {"label": "sample", "jsonString": '["a", "b"]'},
        {"label": "path"},
    ]
    assert metadata_of(entries) == {"bytes": 2**40, "dry_run": False, "sample": ["a", "b"]}
