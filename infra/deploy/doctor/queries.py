"""What Dagster's web server is asked by the doctor, in GraphQL.

Belongs here: the documents alone; a test checks them against the schema of the Dagster installed.
"""

HEALTH = """
query Health {
  instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } }
  repositoriesOrError {
    __typename
    ... on RepositoryConnection {
      nodes {
        sensors { name sensorState { status ticks(limit: 1) { status error { message } } } }
        schedules { name scheduleState { status } }
      }
    }
    ... on PythonError { message }
  }
}
"""

LATEST = """
query Latest($key: AssetKeyInput!) {
  assetOrError(assetKey: $key) {
    __typename
    ... on Asset { assetMaterializations(limit: 1) { timestamp } }
    ... on Error { message }
  }
}
"""
