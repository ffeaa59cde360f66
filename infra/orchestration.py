"""What runs Dagster in an account: a service, the tasks of its runs, and where both keep history.

Belongs here: sizes, commands, ports and names, as plain typed values. What an image holds belongs
in `infra/containers`, creating all of it to `infra.aws`; why it is laid out so: docs/adr/0015.
"""

from dataclasses import dataclass

from infra.hosting import Hosting

HOME = "/opt/clickstream"  # where the image has the code
WORKSPACE = f"{HOME}/infra/containers/workspace.yaml"
CODE_PORT = 4000
WEB_PORT = 3000
_LOOPBACK = "127.0.0.1"  # the containers of a task share it; nothing listens on the network


@dataclass(frozen=True)
class TaskSize:
    """What Fargate reserves for a task, one of the pairs it offers.

    Attributes:
        cpu_units: 1,024 are one processor.
        memory_mb: Its memory.
    """

    cpu_units: int
    memory_mb: int


@dataclass(frozen=True)
class HealthCheck:
    """How ECS finds out whether a container works; a task with one that does not is replaced.

    Attributes:
        command: What is run in the container; it works while that ends with 0.
        interval_s: Time between two calls.
        timeout_s: How long one may take.
        retries: How many in a row must fail.
        start_s: How long failures do not count at the beginning, at most 300. Those that wait for
            this one do so for three minutes, which is ECS's own limit while none is set.
    """

    command: tuple[str, ...]
    interval_s: int
    timeout_s: int
    retries: int
    start_s: int


@dataclass(frozen=True)
class Container:
    """One process of the service; all are of one image.

    Attributes:
        name: Its name.
        command: What it runs.
        health: How one sees that it works.
        after: The container that must work before this one starts.
        stop_s: How long it may take to end once asked to, at most 120.
    """

    name: str
    command: tuple[str, ...]
    health: HealthCheck
    after: str | None = None
    stop_s: int = 60


@dataclass(frozen=True)
class RunHistory:
    """The Postgres in which Dagster keeps runs, events, and what its sensors have seen.

    Attributes:
        name: Its name.
        database: The database in it.
        user: Whose password the secret holds.
        instance: Its class.
        version: The major version; minor ones come by themselves.
        storage_gb: Storage it begins with, the least RDS offers.
        max_storage_gb: Size up to which that grows.
        backup_days: How long any moment can be restored.
    """

    name: str
    database: str = "dagster"
    user: str = "dagster"
    port: int = 5432
    instance: str = "db.t4g.micro"
    version: str = "17"
    storage_gb: int = 20
    max_storage_gb: int = 100
    backup_days: int = 7


@dataclass(frozen=True)
class Orchestration:
    """Dagster in an account.

    Attributes:
        name: Of cluster, service and log group.
        is_running: Whether there is more of it than its history.
        image: Where the image is; None for the one that `infra/containers/Dockerfile` describes,
            which is then built by whoever deploys.
        containers: The service's processes. There is one task of them: of two daemons each would
            start the same runs.
        service: The size of the service's task.
        run: The size of a run's task: compaction takes `CLICKSTREAM_COMPACTION_MEMORY` and 350 MB.
        run_family: The name of a run's task definition.
        run_container: The name of its container.
        run_stop_s: How long a run that is stopped may take to end.
        history: Where history is kept.
    """

    name: str
    is_running: bool
    image: str | None
    containers: tuple[Container, ...]
    service: TaskSize
    run: TaskSize
    run_family: str
    run_container: str
    run_stop_s: int
    history: RunHistory


def orchestration_of(stack: str, hosting: Hosting) -> Orchestration | None:
    """Dagster as it was chosen; None if it was chosen to run elsewhere.

    Args:
        stack: Prefix of every name.
        hosting: What was chosen.
    """
    if hosting.dagster == "none":
        return None
    return Orchestration(
        name=f"{stack}-dagster",
        is_running=hosting.dagster == "ecs",
        image=hosting.dagster_image,
        containers=(_code(), _web(), _daemon()),
        service=TaskSize(512, 2048),
        run=TaskSize(1024, 2048),
        run_family=f"{stack}-dagster-run",
        run_container="run",
        run_stop_s=120,
        history=RunHistory(dagster_name(stack)),
    )


def dagster_name(stack: str) -> str:
    """The name of the Postgres, which is there still when Dagster is not chosen any more."""
    return f"{stack}-dagster"


def _code() -> Container:
    """The code location; the two others ask it."""
    listen = f"import socket; socket.create_connection(('{_LOOPBACK}', {CODE_PORT}), 5)"
    return Container(
        "code",
        (
            *("dagster", "api", "grpc"),
            *("--host", _LOOPBACK, "--port", str(CODE_PORT)),
            *("--module-name", "clickstream_platform.definitions"),
        ),
        # It listens once it has loaded. Dagster's own check would load Dagster each time.
        HealthCheck(("python", "-c", listen), interval_s=15, timeout_s=10, retries=4, start_s=300),
    )


def _web() -> Container:
    """The UI and GraphQL."""
    url = f"http://{_LOOPBACK}:{WEB_PORT}/server_info"
    ask = f"import urllib.request; urllib.request.urlopen('{url}', timeout=5)"
    return Container(
        "web",
        (
            *("dagster-webserver", "--host", _LOOPBACK, "--port", str(WEB_PORT)),
            *("--workspace", WORKSPACE),
        ),
        HealthCheck(("python", "-c", ask), interval_s=60, timeout_s=10, retries=3, start_s=300),
        after="code",
    )


def _daemon() -> Container:
    """Sensors, schedules, queue and run monitoring.

    Its check reads the daemon's heartbeats from the database. So it fails, too, when the password
    is not the one any more that the task was given, and the task that follows is given the new one.
    """
    return Container(
        "daemon",
        ("dagster-daemon", "run", "--workspace", WORKSPACE),
        HealthCheck(
            ("dagster-daemon", "liveness-check"),
            interval_s=120,
            timeout_s=60,
            retries=3,
            start_s=300,
        ),
        after="code",
    )
