"""Where a bucket is, which its name does not say.

Belongs here: asking S3. What follows from the answer belongs to whoever asks.
"""

from typing import Any

_HEADER = "x-amz-bucket-region"
_FIRST_REGION = "us-east-1"  # for which S3 has no word of its own


def region_of_bucket(s3: Any, bucket: str) -> str:
    """The region of a bucket, whichever is asked.

    Raises:
        botocore.exceptions.ClientError: If there is none, or it may not be looked at.
    """
    answer = s3.head_bucket(Bucket=bucket)
    told = answer.get("BucketRegion") or answer["ResponseMetadata"]["HTTPHeaders"].get(_HEADER)
    if told is None:
        told = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint")
    return str(told or _FIRST_REGION)
