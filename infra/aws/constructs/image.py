"""The image of Dagster's containers.

Belongs here: where it comes from. What is in it belongs to `infra/containers/Dockerfile`.
"""

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as assets
from constructs import Construct

from infra.aws.arns import filled
from infra.aws.policies.dagster_hosting import repository_of

_ROOT = Path(__file__).parent.parent.parent.parent


class Image(Construct):
    """An image that is somewhere already, or one that the deployment builds and pushes.

    Rendering needs a container engine for neither: the sources of the second are only compared.

    Attributes:
        uri: Where it is.
        repository_arn: The ECR repository it is in; None if it is in none.
    """

    def __init__(self, scope: Construct, id_: str, image: str | None) -> None:
        super().__init__(scope, id_)
        if image is not None:
            self.uri = filled(image)
            self.repository_arn = repository_of(image)
            return
        built = assets.DockerImageAsset(
            self,
            "Built",
            directory=str(_ROOT),
            file="infra/containers/Dockerfile",
            platform=assets.Platform.LINUX_ARM64,
            ignore_mode=IgnoreMode.DOCKER,
        )
        self.uri = built.image_uri
        self.repository_arn = built.repository.repository_arn
