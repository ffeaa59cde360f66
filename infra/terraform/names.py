"""How resources of the module name each other.

Belongs here: labels, and turning names and ARNs of the description into references, from which
Terraform learns what has to be there first. What a resource consists of belongs in `parts`.
"""

import re
from collections.abc import Iterator

from infra.aws.policies.statements import arn, bucket_arn
from infra.terraform.hcl import Expression
from infra.terraform.profiles import STACK, Platform, both, only

_LAMBDA_LOGS = "/aws/lambda"


def label(name: str) -> str:
    """What a resource is called in the module: its name without what all names have."""
    short = name.replace(f"{STACK}-", "").replace("-{account}", "")
    return re.sub(r"\W+", "_", short).strip("_").lower()


class Names:
    """The references of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._arns = dict(_arns(platform))
        self._names = dict(_names(platform))
        longest_first = sorted(self._arns, key=len, reverse=True)
        alternatives = "|".join(re.escape(one) for one in longest_first)
        self._known = re.compile(rf"(?:{alternatives})(?![\w-])")

    def text(self, text: str) -> str:
        """A text of the description as a template of the module.

        Names and ARNs of our resources become references, and the account and the region those the
        module is used in.
        """
        if text in self._names:
            return f"${{{self._names[text]}}}"
        referring = self._known.sub(lambda found: f"${{{self._arns[found.group()]}}}", text)
        for placeholder in ("account", "region"):
            referring = referring.replace(f"{{{placeholder}}}", f"${{local.{placeholder}}}")
        return referring.replace("arn:aws:", "arn:${local.partition}:")

    def expression(self, text: str) -> Expression:
        """The reference to what has a name or an ARN.

        Raises:
            KeyError: If nothing of ours has it.
        """
        return Expression({**self._names, **self._arns}[text])


def function_arn(name: str) -> str:
    """The ARN of a function."""
    return arn("lambda", f"function:{name}")


def log_group_arn(name: str) -> str:
    """The ARN of a log group."""
    return arn("logs", f"log-group:{name}")


def log_group_of_function(name: str) -> str:
    """Where Lambda writes what a function says."""
    return f"{_LAMBDA_LOGS}/{name}"


def reference(type_: str, name: str, attribute: str, when: str | None = None) -> str:
    """An attribute of a resource, which is there always or only `when` something holds."""
    return f"{type_}.{label(name)}{'' if when is None else '[0]'}.{attribute}"


def _names(platform: Platform) -> Iterator[tuple[str, str]]:
    topology = platform.topology
    yield topology.stream.name, reference("aws_kinesis_stream", topology.stream.name, "name")
    for bucket in topology.buckets:
        yield bucket.name, reference("aws_s3_bucket", bucket.name, "bucket")
    yield topology.database, "aws_glue_catalog_database.lake.name"


def _arns(platform: Platform) -> Iterator[tuple[str, str]]:
    topology = platform.topology
    named = (
        ("aws_kinesis_stream", "kinesis", "stream/", (topology.stream,)),
        ("aws_dynamodb_table", "dynamodb", "table/", topology.tables),
        ("aws_sqs_queue", "sqs", "", topology.queues),
        ("aws_sns_topic", "sns", "", topology.topics),
    )
    for type_, service, prefix, ones in named:
        for one in ones:
            yield arn(service, f"{prefix}{one.name}"), reference(type_, one.name, "arn")
    for bucket in topology.buckets:
        yield bucket_arn(bucket.name), reference("aws_s3_bucket", bucket.name, "arn")
    for function, delivery in both(platform, lambda one: one.functions, lambda one: one.name):
        when = None if delivery is None else only(delivery)
        yield (
            function_arn(function.name),
            reference("aws_lambda_function", function.name, "arn", when),
        )
        group = log_group_arn(log_group_of_function(function.name))
        yield group, reference("aws_cloudwatch_log_group", function.name, "arn", when)
