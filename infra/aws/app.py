"""The CDK app: `python -m infra.aws.app`, or `cdk --app "python -m infra.aws.app"`.

Belongs here: putting the stacks together, checking them with cdk-nag and writing templates. Nothing
is looked up or downloaded, so it works without an account and without a network; Node.js is needed.
"""

from pathlib import Path

from aws_cdk import App, Tags, Validations
from aws_cdk.cx_api import CloudAssembly
from cdk_nag import AwsSolutionsChecks

from infra.aws.choices import NAMES, topology_of
from infra.aws.sources import zip_sources
from infra.aws.stacks import ComputeStack, DataStack, Deployment
from infra.aws.statements import nothing

OUTPUT = Path(__file__).parent / "cdk.out"
CODE = "code_dir"


def synthesize(app: App, deployment: Deployment) -> CloudAssembly:
    """Renders both stacks below the app's folder.

    Raises:
        RuntimeError: If cdk-nag finds what nobody has acknowledged; it is printed.
    """
    data = DataStack(app, deployment.topology)
    ComputeStack(app, deployment, data)
    Tags.of(app).add("clickstream:stack", deployment.topology.stack)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app.synth()


def new_app(outdir: Path | None = None) -> App:
    """An app that tells AWS nothing about the libraries it was made with."""
    return App(outdir=None if outdir is None else str(outdir), analytics_reporting=False)


def main() -> None:
    """Renders what the context (`cdk -c name=value`) has chosen."""
    app = new_app()
    given = {name: app.node.try_get_context(name) for name in (*NAMES, CODE)}
    chosen = {name: value for name, value in given.items() if value is not None}
    code = chosen.pop(CODE, None)
    topology = topology_of(chosen)
    packages = [function.package for function in topology.functions]
    folder = Path(code) if code is not None else zip_sources(packages, OUTPUT / "sources")
    synthesize(app, Deployment(topology, folder, nothing))


if __name__ == "__main__":
    main()
