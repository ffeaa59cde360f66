"""What Dagster's web server is asked about jobs, runs and assets, in GraphQL.

Belongs here: the documents alone; a test checks them against the schema of the Dagster installed.
Sending them belongs in `workspace`, `assets` and `runs`; what only backfills need is in
`infra.backfill.queries`.
"""

LOCATIONS = """
query Locations {
  workspaceOrError {
    __typename
    ... on Workspace {
      locationEntries {
        name
        locationOrLoadError {
          __typename
          ... on RepositoryLocation {
            repositories {
              name
              jobs { name }
              partitionSets { name pipelineName }
            }
          }
          ... on PythonError { message }
        }
      }
    }
    ... on PythonError { message }
  }
}
"""

ASSET_METADATA = """
query AssetMetadata($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) {
    __typename
    ... on AssetNode { metadataEntries { ...Entry } }
    ... on Error { message }
  }
}
fragment Entry on MetadataEntry {
  label
  ... on IntMetadataEntry { intRepr }
  ... on BoolMetadataEntry { boolValue }
  ... on JsonMetadataEntry { jsonString }
}
"""

LAUNCH_RUN = """
mutation LaunchRun($run: ExecutionParams!) {
  launchRun(executionParams: $run) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on Error { message }
  }
}
"""

RUN = """
query Run($run: ID!) {
  runOrError(runId: $run) {
    __typename
    ... on Run {
      runId
      status
      tags { key value }
    }
    ... on Error { message }
  }
}
"""

MATERIALIZATIONS = """
query Materializations($run: ID!) {
  runOrError(runId: $run) {
    __typename
    ... on Run {
      assetMaterializations {
        assetKey { path }
        metadataEntries { ...Entry }
      }
    }
    ... on Error { message }
  }
}
fragment Entry on MetadataEntry {
  label
  ... on IntMetadataEntry { intRepr }
  ... on BoolMetadataEntry { boolValue }
  ... on JsonMetadataEntry { jsonString }
}
"""

FAILURES = """
query Failures($run: ID!, $cursor: String, $limit: Int!) {
  runOrError(runId: $run) {
    __typename
    ... on Run {
      eventConnection(afterCursor: $cursor, limit: $limit) {
        cursor
        hasMore
        events {
          __typename
          ... on ExecutionStepFailureEvent { stepKey error { ...Reason } }
          ... on RunFailureEvent { message error { ...Reason } }
        }
      }
    }
    ... on Error { message }
  }
}
fragment Reason on PythonError {
  message
  causes { message }
}
"""
