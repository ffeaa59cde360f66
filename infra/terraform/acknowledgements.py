"""Findings of checkov that we have looked at and keep, each with its argument.

Belongs here: the list. A finding nobody acknowledged fails `make lint-terraform`; so does an
acknowledgement nobody needs.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Acknowledgement:
    """A finding that is right as it is.

    Attributes:
        check: The check of checkov.
        where: Addresses of the resources, `*` for any text.
        reason: Why it is right.
    """

    check: str
    where: str
    reason: str


_FUNCTIONS = "aws_lambda_function.*"
_BUCKETS = "aws_s3_bucket.*"

ACKNOWLEDGEMENTS = (
    Acknowledgement(
        "CKV2_AWS_62",
        "aws_s3_bucket.athena_results",
        "Nobody waits for answers of Athena by notification; the lake's raw objects are announced.",
    ),
    Acknowledgement(
        "CKV_AWS_115",
        _FUNCTIONS,
        "Consumers run once for each shard. For the collector the API's limit comes first; an "
        "account new to AWS has too few to reserve any. `collector_concurrency` reserves some.",
    ),
    Acknowledgement(
        "CKV_AWS_116",
        _FUNCTIONS,
        "A dead-letter queue of a function is for asynchronous calls, of which there are none: the "
        "mappings have a destination for what they give up, the API and Firehose get an answer.",
    ),
    Acknowledgement(
        "CKV_AWS_117",
        _FUNCTIONS,
        "They call services of AWS only. In a VPC they would need endpoints or a NAT, which cost "
        "more than all of the platform, and nothing there has to be reached.",
    ),
    Acknowledgement(
        "CKV_AWS_144",
        _BUCKETS,
        "A second region is a decision about cost and about where people's data may lie; "
        "docs/operations.md says what is lost with one.",
    ),
    Acknowledgement(
        "CKV_AWS_173",
        _FUNCTIONS,
        "Variables are names and thresholds, no secret; Lambda encrypts them at rest as it is.",
    ),
    Acknowledgement(
        "CKV_AWS_18",
        _BUCKETS,
        "Only roles of this platform read or write them. Server access logs would be one more "
        "store with names of people's objects, to be erased like the others.",
    ),
    Acknowledgement(
        "CKV_AWS_21",
        _BUCKETS,
        "An erased person would live on in versions (ADR 11), and each generation of an hour would "
        "be paid for ever.",
    ),
    Acknowledgement(
        "CKV_AWS_272",
        _FUNCTIONS,
        "Packages are the same bytes from the same source, and their hash is in the plan; signing "
        "profiles belong to an account that has a policy for them.",
    ),
    Acknowledgement(
        "CKV_AWS_309",
        "aws_apigatewayv2_route.*",
        "Browsers of anybody send events: there is no secret that a page could keep. The stage "
        "limits requests, and the collector judges every event.",
    ),
    Acknowledgement(
        "CKV_AWS_338",
        "aws_cloudwatch_log_group.*",
        "Logs are for finding faults of the last weeks (`log_retention_days`); what must be known "
        "longer is in metrics and in the lake.",
    ),
    Acknowledgement(
        "CKV_AWS_50",
        _FUNCTIONS,
        "A trace would end at the stream, where a batch has thousands of parents; lag, sizes and "
        "duplicates are metrics of the log line (ADR 13).",
    ),
    Acknowledgement(
        "CKV_AWS_82",
        "aws_athena_workgroup.queries",
        "An enforced location would put each table that dbt makes among the answers, where they "
        "expire. The buckets encrypt whatever a client asks for.",
    ),
)
