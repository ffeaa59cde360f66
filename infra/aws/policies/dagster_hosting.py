"""What it takes to run Dagster on ECS, beside what the batch side does.

Belongs here: the statements for starting runs, for opening the UI, and for ECS when it starts a
task. What assets, sensors and dbt may do belongs in `dagster_task`.
"""

import re
from collections.abc import Sequence

from infra.aws.policies.statements import Statement, arn
from infra.orchestration import Orchestration

ANY = ("*",)  # for actions of which AWS knows no resource
_ECR = re.compile(
    r"(?P<account>\d{12}|\{account\})\.dkr\.ecr\.(?P<region>[a-z0-9-]+|\{region\})\.amazonaws\.com"
    r"/(?P<name>[^:@]+)[:@].+"
)


def launcher_statements(
    orchestration: Orchestration, role_arns: Sequence[str]
) -> tuple[Statement, ...]:
    """What `EcsRunLauncher` calls, with a task definition that exists and its own task's network.

    Args:
        orchestration: What was described.
        role_arns: The roles of a run's task: its own, and the one ECS starts it with.
    """
    tasks = (arn("ecs", f"task/{orchestration.name}/*"),)
    return (
        # It looks up the definition, and the network interface of the task it is in.
        Statement(
            "LookAround", ("ec2:DescribeNetworkInterfaces", "ecs:DescribeTaskDefinition"), ANY
        ),
        Statement(
            "StartRuns",
            ("ecs:RunTask",),
            (arn("ecs", f"task-definition/{orchestration.run_family}:*"),),
            {"ArnEquals": {"ecs:cluster": (arn("ecs", f"cluster/{orchestration.name}"),)}},
        ),
        Statement("FollowAndStopRuns", ("ecs:DescribeTasks", "ecs:StopTask"), tasks),
        # A run's id and job are tags of its task.
        Statement(
            "TagRuns",
            ("ecs:TagResource",),
            tasks,
            {"StringEquals": {"ecs:CreateAction": ("RunTask",)}},
        ),
        Statement(
            "HandOverRoles",
            ("iam:PassRole",),
            tuple(role_arns),
            {"StringEquals": {"iam:PassedToService": ("ecs-tasks.amazonaws.com",)}},
        ),
        Statement("ReadWhyRunsFailed", ("logs:GetLogEvents",), (_log_streams(orchestration),)),
    )


def session_statements() -> tuple[Statement, ...]:
    """What the agent in a container needs so that somebody can open the UI by way of SSM."""
    channels = ("Control", "Data")
    actions = (f"ssmmessages:{verb}{of}Channel" for verb in ("Create", "Open") for of in channels)
    return (Statement("LetPeopleIn", tuple(actions), ANY),)


def execution_statements(
    orchestration: Orchestration, secret_arn: str, repository_arn: str | None, key_arn: str | None
) -> tuple[Statement, ...]:
    """What ECS does before a task runs: fetch image and password, open the log.

    Args:
        orchestration: What was described.
        secret_arn: The secret with the database's password.
        repository_arn: The repository of the image; None if it is not one of ECR.
        key_arn: The account's own key, where it was chosen.
    """
    statements = [
        Statement("ReadPassword", ("secretsmanager:GetSecretValue",), (secret_arn,)),
        Statement(
            "WriteLogs",
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            (_log_streams(orchestration),),
        ),
    ]
    if repository_arn is not None:
        pull = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
        actions = tuple(f"ecr:{name}" for name in pull)
        statements += [
            Statement("PullImage", actions, (repository_arn,)),
            Statement("SignInToPull", ("ecr:GetAuthorizationToken",), ANY),
        ]
    if key_arn is not None:
        host = ("secretsmanager.{region}.amazonaws.com",)
        condition = {"StringEquals": {"kms:ViaService": host}}
        statements.append(Statement("DecryptPassword", ("kms:Decrypt",), (key_arn,), condition))
    return tuple(statements)


def repository_of(image: str) -> str | None:
    """The ARN of the ECR repository an image is in; None if it is in none."""
    found = _ECR.fullmatch(image)
    if found is None:
        return None
    return f"arn:aws:ecr:{found['region']}:{found['account']}:repository/{found['name']}"


def log_group_of(orchestration: Orchestration) -> str:
    """Where all containers log."""
    return f"/aws/ecs/{orchestration.name}"


def _log_streams(orchestration: Orchestration) -> str:
    return arn("logs", f"log-group:{log_group_of(orchestration)}:log-stream:*")
