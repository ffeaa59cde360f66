"""What whoever runs the platform in an account of AWS decides.

Belongs here: choices of keys, limits and addresses, with their defaults. What the platform consists
of belongs in `topology`, where these choices lie from in `infra.aws.choices`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

TIB = 2**40
LOG_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731}
    | {1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
"""How long CloudWatch keeps logs, in days: one of these (PutRetentionPolicy)."""

LEAST_SCAN_BYTES = 10_000_000  # of Athena: BytesScannedCutoffPerQuery
_MAIL = Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_WEB_ACL = Meta(pattern="^(own|arn:aws[a-z-]*:wafv2:us-east-1:.*:global/webacl/.+)$")
_PRINCIPAL = Meta(pattern="^arn:aws[a-z-]*:quicksight:.*:(user|group)/.+$")


@dataclass(frozen=True)
class Hosting:
    """One account's choices.

    Attributes:
        web_acl: ARN of a web ACL of AWS WAF (scope CLOUDFRONT), or `own` for one of the platform's,
            which AWS keeps in us-east-1 only: then a CloudFront distribution with that firewall
            stands before the collector, and tells it the countries of visitors. None for neither.
        kms: Whose key encrypts: `aws` for those AWS keeps, which cost nothing, or `own` for one of
            the account's, which rotates every year, can be withdrawn and is billed by use.
        on_demand: Whether AWS sizes the stream instead of us.
        scan_limit_bytes: What one statement of Athena may scan before it is cancelled.
        log_retention_days: How long logs are kept, one of the numbers CloudWatch offers.
        collector_concurrency: The most collectors at a time; None while the API's own limit does.
            An account new to AWS has too few to reserve any.
        alarm_email: Who is told of alarms; None for nobody yet.
        monthly_budget_usd: What the account may cost a month, in dollars, before that rings too.
        quicksight_principal: ARN of the QuickSight user or group that owns the data sets; None
            while the account has no QuickSight: then nothing of it is created.
        dagster: Where Dagster runs: `ecs` for a service in the account, about $45 a month, or
            `none` for somewhere else. Until it runs somewhere no hour is rolled up; none is lost.
            `paused` takes the service away and keeps its history, for a while or before `none`.
        dagster_image: Where its image is, with a tag that never moves; None to have it built by
            the deployment, which needs a container engine.
        batch_settings: Settings of the batch side there, by the names in
            `clickstream_platform.settings`, where they differ.
    """

    web_acl: Annotated[str, _WEB_ACL] | None = None
    kms: Literal["aws", "own"] = "aws"
    on_demand: bool = False
    scan_limit_bytes: Annotated[int, Meta(ge=LEAST_SCAN_BYTES)] = TIB
    log_retention_days: int = 30
    collector_concurrency: Annotated[int, Meta(ge=1)] | None = None
    alarm_email: Annotated[str, _MAIL] | None = None
    monthly_budget_usd: Annotated[float, Meta(gt=0)] = 50
    quicksight_principal: Annotated[str, _PRINCIPAL] | None = None
    dagster: Literal["none", "paused", "ecs"] = "none"
    dagster_image: str | None = None
    batch_settings: dict[str, str] = field(default_factory=dict)
