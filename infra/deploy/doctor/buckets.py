"""Buckets: there, announced, closed to the public; and the quarantine in the lake.

Belongs here: S3. What the objects hold belongs to the batch side's checks.
"""

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.doctor.findings import Finding, missing, ok, problem, warning
from infra.deploy.sites import Site
from infra.resource_types import Bucket
from lambdas.shared.lake import QUARANTINE_PREFIX

_COUNTED = 1000  # one page of a listing


def check_bucket(site: Site, bucket: Bucket) -> Iterator[Finding]:
    """A bucket: there, and new objects are announced as described."""
    subject, s3 = f"bucket {bucket.name}", site.client("s3")
    try:
        s3.head_bucket(Bucket=bucket.name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:  # noqa: PLR2004 - HTTP
            raise
        yield missing(subject, "what it is for cannot be stored", site.recreate)
        return
    if bucket.notify_queue is None:
        yield ok(subject, "there")
        return
    answer = s3.get_bucket_notification_configuration(Bucket=bucket.name)
    if any(_announces(one, bucket) for one in answer.get("QueueConfigurations", [])):
        yield ok(subject, f"there, announces {bucket.notify_prefix} on {bucket.notify_queue}")
    else:
        says = (
            f"does not announce new objects below {bucket.notify_prefix} on {bucket.notify_queue}"
        )
        means = "hours are rolled up only after the nightly reconciliation at 02:15 UTC"
        yield problem(subject, says, means, site.recreate)


def _announces(configuration: Any, bucket: Bucket) -> bool:
    rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = {rule["Name"].lower(): rule["Value"] for rule in rules}
    return (
        configuration["QueueArn"].rpartition(":")[2] == bucket.notify_queue
        and "s3:ObjectCreated:*" in configuration["Events"]
        and filters
        in ({"prefix": bucket.notify_prefix}, {"prefix": bucket.notify_prefix, "suffix": ""})
    )


def check_bucket_is_closed(site: Site, bucket: Bucket) -> Iterator[Finding]:
    """A bucket's doors: public access, and requests without TLS."""
    subject, s3 = f"access to bucket {bucket.name}", site.client("s3")
    policy = _unless_absent(lambda: s3.get_bucket_policy(Bucket=bucket.name)["Policy"])
    status = _unless_absent(lambda: s3.get_bucket_policy_status(Bucket=bucket.name)["PolicyStatus"])
    if (status or {}).get("IsPublic"):
        means = "anybody can read what people did on your site"
        yield problem(subject, "its policy makes it public", means, site.recreate)
        return
    block = _unless_absent(
        lambda: s3.get_public_access_block(Bucket=bucket.name)["PublicAccessBlockConfiguration"]
    )
    if block is None or not all(block.values()):
        means = "a wrong policy or list of permissions could make it public"
        yield warning(subject, "public access is not blocked altogether", means, site.recreate)
    if not _demands_tls(policy):
        means = "a client could read or write it without encryption on the way"
        yield warning(subject, "no policy demands TLS", means, site.recreate)
    elif block is not None and all(block.values()):
        yield ok(subject, "closed to the public, TLS only")


def _demands_tls(policy: str | None) -> bool:
    statements = json.loads(policy)["Statement"] if policy else []
    return any(
        one["Effect"] == "Deny"
        and one.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
        in ("false", ["false"])
        for one in statements
    )


def _unless_absent(call: Any) -> Any:
    """What a call answers, or None when S3 says that there is no such setting."""
    try:
        return call()
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith("NoSuch"):
            raise
        return None


def check_quarantine(site: Site) -> Iterator[Finding]:
    """Whether records were set aside."""
    bucket = next(one for one in site.topology.buckets if one.notify_queue is not None)
    answer = site.client("s3").list_objects_v2(
        Bucket=bucket.name, Prefix=f"{QUARANTINE_PREFIX}/", MaxKeys=_COUNTED
    )
    found = answer.get("KeyCount", 0)
    if not found:
        yield ok("quarantine", "empty")
        return
    says = f"{'at least ' if answer.get('IsTruncated') else ''}{found:,} objects of bad records"
    means = "somebody sends what is no event; the records are kept with the reason"
    yield warning("quarantine", says, means, f"clickstream quarantine list{site.options}")
