"""A bucket without anything in it.

Belongs here: objects, their versions and what was never finished. Deleting the bucket itself
belongs in `holdings`.
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

_AT_ONCE = 1000


class NotEmptiedError(ClientError):
    """S3 did not delete some of the objects."""


def empty_bucket(s3: Any, bucket: str, tell: Callable[[int], None] = lambda _: None) -> int:
    """Deletes every object, every version, every marker, and every unfinished upload.

    Args:
        s3: The client.
        bucket: The bucket.
        tell: Told how many are gone, after each request.

    Returns:
        How many objects and versions were deleted.

    Raises:
        NotEmptiedError: If S3 refuses some.
    """
    deleted = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        for start in range(0, len(found), _AT_ONCE):
            some = found[start : start + _AT_ONCE]
            _delete(s3, bucket, some)
            deleted += len(some)
            tell(deleted)
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    return deleted


def _delete(s3: Any, bucket: str, versions: list[dict[str, Any]]) -> None:
    objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    if errors := answer.get("Errors"):
        first = errors[0]
        message = f"{len(errors)} objects, the first {first['Key']}: {first.get('Message', '')}"
        raise NotEmptiedError(
            {"Error": {"Code": first["Code"], "Message": message}}, "DeleteObjects"
        )
