"""What whoever uses the module decides.

Belongs here: the variables, of which all but three are the choices of `clickstream deploy` under
the same names and with the same defaults.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Any

from infra.aws.choices import LONGEST_WINDOW_S
from infra.hosting import LEAST_SCAN_BYTES, LOG_DAYS, Hosting
from infra.terraform.hcl import Block, Expression, Value
from infra.topology import build_topology


@dataclass(frozen=True)
class Rule:
    """What a value must fulfil: a condition, and what is said if it does not."""

    condition: str
    message: str


@dataclass(frozen=True)
class Variable:
    """A variable of the module.

    Attributes:
        name: Its name.
        type: Its type, in Terraform's words.
        description: What it decides.
        rule: What its value must fulfil.
        is_required: Whether it has no default.
    """

    name: str
    type: str
    description: str
    rule: Rule | None = None
    is_required: bool = False

    @property
    def default(self) -> Value:
        """Its default, that of `clickstream deploy` where that has such a choice; None is null."""
        value = _defaults().get(self.name)
        return {} if value is None and self.type.startswith("map") else value


def _one_of(name: str, *values: str | int) -> Rule:
    listed = ", ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in values)
    shown = " or ".join(map(str, values)) if len(values) < 4 else "a number CloudWatch offers"  # noqa: PLR2004
    return Rule(f"contains([{listed}], var.{name})", f"Must be {shown}.")


def _at_least(name: str, least: int) -> Rule:
    condition = f"var.{name} >= {least} && floor(var.{name}) == var.{name}"
    return Rule(condition, f"Must be a whole number of at least {least}.")


VARIABLES = (
    Variable(
        "stack",
        "string",
        "Prefix of every name, so that two platforms fit in one account.",
        Rule(
            'can(regex("^[a-z]([a-z0-9-]{0,33}[a-z0-9])?$", var.stack))',
            "Must be up to 35 lower-case letters, digits and dashes, a letter first.",
        ),
    ),
    Variable(
        "code_dir",
        "string",
        "Folder with the functions' packages, as `clickstream package` writes them.",
        is_required=True,
    ),
    Variable(
        "delivery",
        "string",
        "How events get into the lake: lambda (by our function) or firehose.",
        _one_of("delivery", "lambda", "firehose"),
    ),
    Variable(
        "shards",
        "number",
        "Shards of the stream; one takes 1,000 events or 1 MB a second.",
        _at_least("shards", 1),
    ),
    Variable("on_demand", "bool", "Whether AWS sizes the stream instead."),
    Variable(
        "archive_window_s",
        "number",
        "How long the archive gathers events into one object, in whole seconds.",
        Rule(
            f"var.archive_window_s >= 0 && var.archive_window_s <= {LONGEST_WINDOW_S} && "
            "floor(var.archive_window_s) == var.archive_window_s",
            f"Must be a whole number of seconds, {LONGEST_WINDOW_S} at most.",
        ),
    ),
    Variable(
        "lateness_limit_s",
        "number",
        "Oldest event accepted, in seconds before arrival; null for any age.",
    ),
    Variable(
        "detector",
        "map(string)",
        "The anomaly detector's thresholds by their variables' names, where they differ.",
    ),
    Variable(
        "kms",
        "string",
        "Whose key encrypts: aws (free) or own (the account's, billed by use).",
        _one_of("kms", "aws", "own"),
    ),
    Variable(
        "scan_limit_bytes",
        "number",
        "What one statement of Athena may scan before it is cancelled.",
        _at_least("scan_limit_bytes", LEAST_SCAN_BYTES),
    ),
    Variable(
        "log_retention_days",
        "number",
        "How long logs are kept, one of the numbers CloudWatch offers.",
        _one_of("log_retention_days", *sorted(LOG_DAYS)),
    ),
    Variable(
        "collector_concurrency",
        "number",
        "The most collectors at a time; null while the API's own limit does.",
    ),
    Variable("alarm_email", "string", "Who is told of alarms; null for nobody yet."),
    Variable(
        "monthly_budget_usd",
        "number",
        "What the account may cost a month, in dollars, before that rings too.",
    ),
    Variable("tags", "map(string)", "Tags of everything, beside `clickstream:stack`."),
)


def blocks() -> Iterator[Block]:
    """The variables as blocks."""
    for variable in VARIABLES:
        attributes: dict[str, Value] = {
            "type": Expression(variable.type),
            "description": variable.description,
        }
        is_optional = not variable.is_required
        if is_optional:
            default = variable.default
            attributes["default"] = Expression("null") if default is None else default
        if not is_optional or variable.default is not None:
            attributes["nullable"] = False
        rules: tuple[Block, ...] = ()
        if variable.rule is not None:
            rule: dict[str, Value] = {
                "condition": Expression(variable.rule.condition),
                "error_message": variable.rule.message,
            }
            rules = (Block("validation", attributes=rule),)
        yield Block("variable", (variable.name,), attributes, rules)


def _defaults() -> dict[str, Any]:
    hosting = Hosting()
    chosen = {one.name: getattr(hosting, one.name) for one in fields_of(hosting)}
    parameters = inspect.signature(build_topology).parameters.values()
    return {**chosen, **{one.name: one.default for one in parameters}}
