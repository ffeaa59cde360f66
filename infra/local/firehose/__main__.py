"""A delivery stream of the topology: `python -m infra.local.firehose`.

Belongs here: the process around `runner`. Its environment is that of the function it calls, as the
topology says.
"""

import argparse
import logging
import signal
from pathlib import Path
from typing import Any

import boto3

from infra.local.endpoints import ACCOUNT
from infra.local.firehose.delivery import Delivery
from infra.local.firehose.runner import Runner
from infra.local.firehose.transforming import Invoke, Transforming
from infra.local.firehose.writing import Writer
from infra.local.mappings.checkpoints import Checkpoints
from infra.local.mappings.invocation import Context, load_handler
from infra.resource_types import Function
from infra.topology import build_topology


def main() -> None:
    """Runs until SIGTERM, then delivers what was taken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="the delivery stream")
    parser.add_argument("--folder", type=Path, required=True, help="where checkpoints are kept")
    parser.add_argument("--archive-window", type=float, default=60)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    topology = build_topology(
        ACCOUNT, archive_window_s=arguments.archive_window, delivery="firehose"
    )
    stream = next(one for one in topology.delivery_streams if one.name == arguments.name)
    function = next(one for one in topology.functions if one.name == stream.transform)
    checkpoints = Checkpoints(arguments.folder / f"{function.package}.checkpoints.json")
    delivery = Delivery(
        stream,
        Transforming(_invoker(function), function.name, stream.transform_retries),
        Writer(stream, topology.database, boto3.client("s3"), boto3.client("glue")),
        checkpoints.set,
    )
    status = arguments.folder / f"{function.package}.status.json"
    runner = Runner(boto3.client("kinesis"), stream.stream, delivery, checkpoints, status)
    signal.signal(signal.SIGTERM, lambda *_: runner.stop())
    runner.run()


def _invoker(function: Function) -> Invoke:
    """What calls a function as Lambda would."""
    handler = load_handler(function.package)

    def invoke(event: dict[str, Any]) -> Any:
        context = Context(function.name, function.memory_mb, function.timeout_s, function.name)
        return handler(event, context)

    return invoke


if __name__ == "__main__":
    main()
