"""What of a library does not go into a function's package, and why.

Belongs here: the rules, by library. That a trimmed package works, and that nothing large is left in
it that is never read, is tested by running it. No file is changed, only left out.
"""

from collections.abc import Set
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from infra.aws.packaging.imports import Imports

# Never read at run time: caches of another Python, types, sources of compiled modules, commands.
_EVERYWHERE = (
    "__pycache__/*",
    "*/__pycache__/*",
    "*.pyi",
    "*/py.typed",
    "*.pyx",
    "*.pxd",
    "*.pxi",
    "*.h",
    "bin/*",
)
# METADATA stays: `importlib.metadata` reads the version there, and so do scanners.
_KEPT_OF_DIST_INFO = "METADATA"
_BY_LIBRARY = {
    "aws_lambda_powertools": ("event_handler/openapi/swagger_ui/*.min.*",),  # we serve no such page
    "boto3": ("data/*", "examples/*"),  # boto3.resource(), which nobody calls
    "botocore": (
        "data/*/*/examples-*",  # help texts
        "data/*/*/waiters-*",
    ),
    "dateutil": ("zoneinfo/*.tar.gz",),  # time zones: botocore asks for UTC and the local one
    "pyarrow": (
        "tests/*",
        "include/*",
        "includes/*",
        "src/*",
        "*_flight*",  # a server and client of its own, with gRPC inside
        "flight.py",
        "_substrait*",  # query plans, datasets and the engine that runs them; what Parquet links
        "substrait.py",  # of them are the libarrow_*.so without this underscore, which stay
        "_dataset*",
        "dataset.py",
        "_acero*",
        "acero.py",
        "_compute*",
        "_orc*",  # other formats
        "orc.py",
        "_csv*",
        "csv.py",
        "_json*",
        "json.py",
        "_feather*",
        "feather.py",
        "*_parquet_encryption*",
        "_s3fs*",  # file systems: the bytes are made in memory; `fs` expects that some lack
        "_gcsfs*",
        "_azurefs*",
        "_hdfs*",
        "_pyarrow_cpp_tests*",
        "libarrow_python.so",  # the linker's names of libarrow_python.so.<version>, each a copy
        "libarrow_python.so.*.*",
        "cuda.py",
        "jvm.py",
        "conftest.py",
    ),
    "ua_parser_builtins": ("matchers.py", "regexes.py"),  # for old interfaces; ours reads lazy.py
}

# Packages inside of libraries that only those need who name them.
_FOR_WHO_NAMES_THEM = ("aws_lambda_powertools.event_handler",)


def is_kept(path: PurePosixPath, imports: Imports) -> bool:
    """Whether a file of a library goes into a package.

    Args:
        path: The file below the folder that is on the path.
        imports: What the function imports.
    """
    text = str(path)
    if path.parts[0].endswith(".dist-info"):
        return path.name == _KEPT_OF_DIST_INFO and len(path.parts) == 2  # noqa: PLR2004
    if any(fnmatchcase(text, pattern) for pattern in _EVERYWHERE):
        return False
    library, inside = path.parts[0], "/".join(path.parts[1:])
    if any(fnmatchcase(inside, pattern) for pattern in _BY_LIBRARY.get(library, ())):
        return False
    module = ".".join(path.parts)
    for part in _FOR_WHO_NAMES_THEM:
        if module.startswith(f"{part}.") and part not in imports.modules:
            return False
    return not _is_model_of_another_service(path, imports.services)


def _is_model_of_another_service(path: PurePosixPath, services: Set[str]) -> bool:
    """Whether a file describes a service to botocore that the function never speaks to.

    They are nine tenths of botocore. Files of `data` itself are about all services.
    """
    if path.parts[:2] != ("botocore", "data") or len(path.parts) == 3:  # noqa: PLR2004
        return False
    return path.parts[2] not in services
