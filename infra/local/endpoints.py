"""Where the embedded AWS listens, and the environment that makes every client go there.

Belongs here: ports and variables. This is the whole difference between a laptop and AWS.
"""

from dataclasses import asdict, dataclass

from infra.local.processes import LOOPBACK, free_port, require_free
from infra.local.state import State

ACCOUNT = "123456789012"
REGION = "us-east-1"
_MINISTACK_SERVICES = ("S3", "SQS", "SNS", "DYNAMODB", "KINESIS", "CLOUDWATCH", "STS")


@dataclass(frozen=True)
class Ports:
    """Ports of one platform, all on the loopback interface."""

    collector: int
    ui: int
    ministack: int
    catalog: int
    athena: int

    @classmethod
    def of_state(cls, state: State, collector: int, ui: int) -> "Ports":
        """The ports of a platform on an opened state directory.

        The emulator's port is remembered: the addresses of its queues hold it, so on another one
        their messages would be lost. The others are any free ones.

        Raises:
            StartError: If the remembered port is taken.
        """
        remembered = state.open()
        if "aws_port" not in remembered:
            remembered = state.remember(aws_port=free_port())
        port = require_free(
            int(remembered["aws_port"]),
            "embedded AWS",
            "a new --state-dir (this one's queues live there)",
        )
        return cls(collector, ui, port, free_port(), free_port())

    def as_json(self) -> dict[str, int]:
        """The ports by name."""
        return asdict(self)

    @property
    def collector_url(self) -> str:
        """Where events are sent."""
        return f"http://{LOOPBACK}:{self.collector}"

    @property
    def ui_url(self) -> str:
        """Where Dagster is looked at."""
        return f"http://{LOOPBACK}:{self.ui}"


def aws_environment(ports: Ports) -> dict[str, str]:
    """The variables with which any AWS client talks to the embedded AWS."""
    ministack = f"http://{LOOPBACK}:{ports.ministack}"
    catalog = f"http://{LOOPBACK}:{ports.catalog}"
    return {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "clickstream",
        "AWS_SECRET_ACCESS_KEY": "clickstream",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": ministack,
        **{f"AWS_ENDPOINT_URL_{service}": ministack for service in _MINISTACK_SERVICES},
        "AWS_ENDPOINT_URL_GLUE": catalog,
        "AWS_ENDPOINT_URL_QUICKSIGHT": catalog,
        "AWS_ENDPOINT_URL_ATHENA": f"http://{LOOPBACK}:{ports.athena}",
    }
