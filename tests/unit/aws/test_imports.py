"""Which modules a function's package holds, read from source."""

from pathlib import Path

import pytest

from infra.aws.packaging.imports import ImportsError, imports_of

PROJECT = """
[project]
dependencies = ["boto3>=1", "ua-parser[regex]>=1.0", "msgspec"]
"""


def project(root: Path, files: dict[str, str]) -> Path:
    (root / "pyproject.toml").write_text(PROJECT)
    for name, text in files.items():
        path = root / "lambdas" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for folder in {root / "lambdas", *(path.parent for path in (root / "lambdas").rglob("*.py"))}:
        (folder / "__init__.py").touch()
    return root


def test_imports_are_followed_where_they_run(tmp_path: Path) -> None:
    """A module imported late is needed as well; one that is named for its types is not."""
    late = "def f():\n    from lambdas.shared import late\n    import ua_parser\n"
    files = {
        "f/handler.py": "from lambdas.shared.store import Store\nimport json\nimport boto3\n"
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import msgspec\n"
        "client = boto3.client('sns')\n",
        "shared/store.py": late,
        "shared/late.py": "",
        "shared/unused.py": "",
        "g/handler.py": "",
    }
    found = imports_of("f", project(tmp_path, files))
    names = {path.relative_to("lambdas").as_posix() for path in found.sources}
    assert names == {
        "__init__.py",
        "f/__init__.py",
        "f/handler.py",
        "shared/__init__.py",
        "shared/late.py",
        "shared/store.py",
    }
    assert found.requirements == ("boto3", "ua-parser[regex]")
    assert found.services == {"sns"}


def test_what_nobody_provides_is_an_error(tmp_path: Path) -> None:
    root = project(tmp_path, {"f/handler.py": "import surely_not_installed\n"})
    with pytest.raises(ImportsError, match="surely_not_installed"):
        imports_of("f", root)


def test_there_is_no_package_of_nothing() -> None:
    with pytest.raises(ImportsError, match="no function shared"):
        imports_of("shared")
