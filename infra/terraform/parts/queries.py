"""Athena.

Belongs here: the work group. What is asked in it belongs to dbt, QuickSight and people.
"""

from collections.abc import Iterator

from infra.terraform.blocks import KEY_ARN, block, resource, with_own_key
from infra.terraform.hcl import Block, Expression
from infra.terraform.names import Names
from infra.terraform.profiles import Platform

_NOT_ENFORCED = """\
Its settings are not enforced on clients: an enforced location would put each table that dbt makes
among the answers, where they expire. The limit holds all the same."""


def blocks(platform: Platform, names: Names) -> Iterator[Block]:
    """The work group, with a limit on what one statement may scan."""
    topology = platform.topology
    encryption = {
        "encryption_option": with_own_key("SSE_S3", Expression('"SSE_KMS"')),
        "kms_key_arn": KEY_ARN,
    }
    yield resource(
        "aws_athena_workgroup",
        "queries",
        {
            "name": topology.workgroup,
            "force_destroy": True,  # a history of queries is no data
        },
        block(
            "configuration",
            {
                "enforce_workgroup_configuration": False,
                "publish_cloudwatch_metrics_enabled": True,
                "bytes_scanned_cutoff_per_query": Expression("var.scan_limit_bytes"),
            },
            block(
                "result_configuration",
                {"output_location": f"s3://{names.text(topology.results_bucket)}/"},
                block("encryption_configuration", encryption),
            ),
        ),
        comment=_NOT_ENFORCED,
    )
