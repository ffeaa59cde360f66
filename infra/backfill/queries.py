"""What Dagster's web server is asked about backfills, in GraphQL.

Belongs here: the documents alone; a test checks them against the schema of the Dagster installed.
Sending them belongs in `dagster_server`, reading the answers in `answers`. What is asked of any job
or run is in `infra.dagster_web`.
"""

JOB = """
query Job($job: PipelineSelector!, $repository: RepositorySelector!, $partitionSet: String!) {
  assetNodes(pipeline: $job) {
    isPartitioned
    backfillPolicy { maxPartitionsPerRun }
  }
  partitionSetOrError(repositorySelector: $repository, partitionSetName: $partitionSet) {
    __typename
    ... on PartitionSet {
      earliest: partitionsOrError(limit: 1) { ...Names }
      latest: partitionsOrError(limit: 1, reverse: true) { ...Names }
    }
    ... on Error { message }
  }
  instance {
    daemonHealth { allDaemonStatuses { daemonType required healthy } }
  }
}
fragment Names on PartitionsOrError {
  __typename
  ... on Partitions { results { name } }
  ... on PythonError { message }
}
"""

REQUESTS = """
query Requests($repository: RepositorySelector!, $partitionSet: String!, $limit: Int!) {
  partitionSetOrError(repositorySelector: $repository, partitionSetName: $partitionSet) {
    __typename
    ... on PartitionSet {
      backfills(limit: $limit) {
        id
        status
        timestamp
        tags { key value }
        error { message }
      }
    }
    ... on Error { message }
  }
}
"""

RUNS = """
query Runs($filter: RunsFilter!, $limit: Int!) {
  runsOrError(filter: $filter, limit: $limit) {
    __typename
    ... on Runs {
      results {
        id
        status
        creationTime
        startTime
        endTime
        tags { key value }
      }
    }
    ... on Error { message }
  }
}
"""

STEPS = """
query Steps($run: ID!) {
  runOrError(runId: $run) {
    __typename
    ... on Run { stepStats { stepKey status startTime endTime } }
    ... on Error { message }
  }
}
"""

LAUNCH = """
mutation Launch($backfill: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfill) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on Error { message }
  }
}
"""
