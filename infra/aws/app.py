"""The CDK app: `python -m infra.aws.app [name=value …]`, then `cdk --app infra/aws/cdk.out`.

Belongs here: putting the stacks together, checking them with cdk-nag and writing templates. Nothing
is looked up or downloaded, so it works without an account and without a network; Node.js is needed.
The functions' packages are in the folder `code_dir`; without it, templates can be read and compared
but not deployed.
"""

import sys
from pathlib import Path

from aws_cdk import App, Tags, Validations
from aws_cdk.cx_api import CloudAssembly
from cdk_nag import AwsSolutionsChecks

from infra.aws.choices import NAMES, texts_of, topology_of
from infra.aws.sources import zip_sources
from infra.aws.stacks import ComputeStack, DataStack, Deployment

OUTPUT = Path(__file__).parent / "cdk.out"
CODE = "code_dir"


def synthesize(app: App, deployment: Deployment) -> CloudAssembly:
    """Renders both stacks below the app's folder.

    Raises:
        RuntimeError: If cdk-nag finds what nobody has acknowledged; it is printed.
    """
    data = DataStack(app, deployment)
    ComputeStack(app, deployment, data)
    Tags.of(app).add("clickstream:stack", deployment.topology.stack)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app.synth()


def new_app(outdir: Path) -> App:
    """An app that tells AWS nothing about the libraries it was made with."""
    return App(outdir=str(outdir), analytics_reporting=False)


def main() -> None:
    """Renders what was chosen: `name=value` on the command line, or the context of `cdk -c`."""
    app = new_app(OUTPUT)
    context = {name: app.node.try_get_context(name) for name in (*NAMES, CODE)}
    chosen = {name: value for name, value in context.items() if value is not None}
    try:
        chosen.update(_pairs(sys.argv[1:]))
        code = chosen.pop(CODE, None)
        topology = topology_of(chosen)
    except ValueError as error:
        sys.exit(str(error))
    packages = [function.package for function in topology.functions]
    folder = zip_sources(packages, OUTPUT / "sources") if code is None else Path(str(code))
    told = texts_of({name: value for name, value in chosen.items() if name != "stack"})
    synthesize(app, Deployment(topology, folder, told))


def _pairs(arguments: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise ValueError(f"{argument!r}: write name=value")
        pairs[name] = value
    return pairs


if __name__ == "__main__":
    main()
