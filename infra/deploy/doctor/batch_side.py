"""The batch side, as Dagster's web server tells of it.

Belongs here: daemons, sensors, schedules, and whether what arrives is rolled up. What single runs
say is in Dagster's UI.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.dagster_web.graphql import DagsterError, GraphQL, first_line, one_of
from infra.deploy.doctor import queries
from infra.deploy.doctor.findings import Finding, ok, problem, warning
from infra.deploy.sites import Site

_TIMEOUT_S = 30.0
RAW = ("ingestion", "raw_hours")
EVENTS = ("lake", "events")
# An hour, its grace, a quarter of an hour for late files, and a run.
_IN_TIME = timedelta(hours=2, minutes=30)
_QUIET = timedelta(hours=24)


def check_dagster(site: Site) -> Iterator[Finding]:
    """Dagster: reachable, its daemons, sensors and schedules, and fresh hours."""
    url = site.addresses.dagster
    if url is None:
        why = f"its address is not known: {site.addresses.unknown_because}"
        do = "give --dagster-url URL; through a tunnel: docs/operations.md, Dagster on ECS"
        yield warning("Dagster", why, "it was not looked at", do)
        return
    try:
        graphql = GraphQL(url, _TIMEOUT_S)
        health = graphql.ask(queries.HEALTH)
        nodes = one_of(health["repositoriesOrError"], "RepositoryConnection")["nodes"]
        yield ok("Dagster", f"answers at {url}")
        yield from _daemons(health, site)
        yield from _automation(nodes, site)
        arrived, rolled_up = _latest(graphql, RAW), _latest(graphql, EVENTS)
        yield _freshness(arrived, rolled_up, datetime.now(UTC), site)
    except DagsterError as error:
        means = "no hour is rolled up until it is back; nothing is lost, events are archived"
        yield problem("Dagster", str(error), means, site.recreate)


def _daemons(health: dict[str, Any], site: Site) -> Iterator[Finding]:
    statuses = health["instance"]["daemonHealth"]["allDaemonStatuses"]
    down = [one["daemonType"] for one in statuses if one["required"] and not one["healthy"]]
    if down:
        means = "sensors and schedules do not run, and queued runs do not begin"
        yield problem("Dagster's daemon", f"{', '.join(down)} not healthy", means, site.recreate)
    else:
        yield ok("Dagster's daemon", "healthy")


def _automation(nodes: list[dict[str, Any]], site: Site) -> Iterator[Finding]:
    sensors = [one for node in nodes for one in node["sensors"]]
    schedules = [one for node in nodes for one in node["schedules"]]
    if not sensors:
        means = "no hour is rolled up: the code location is not loaded"
        yield problem("sensors", "there are none", means, site.recreate)
        return
    stopped = [one["name"] for one in sensors if one["sensorState"]["status"] != "RUNNING"]
    stopped += [one["name"] for one in schedules if one["scheduleState"]["status"] != "RUNNING"]
    do = f"switch them on at {site.addresses.dagster}/automation"
    if stopped:
        yield problem(
            "sensors and schedules", f"stopped: {', '.join(stopped)}", "nobody does their work", do
        )
    failing = [one["name"] for one in sensors if _last_tick(one).get("status") == "FAILURE"]
    for name in failing:
        told = next(_last_tick(one) for one in sensors if one["name"] == name).get("error") or {}
        why = first_line(told.get("message") or "no reason is told")
        do = f"see its ticks at {site.addresses.dagster}/automation"
        yield problem(f"sensor {name}", f"its last tick failed: {why}", "its work waits", do)
    if not (stopped or failing):
        yield ok("sensors and schedules", f"{len(sensors) + len(schedules)} run")


def _last_tick(sensor: dict[str, Any]) -> dict[str, Any]:
    ticks = sensor["sensorState"]["ticks"]
    return dict(ticks[0]) if ticks else {}


def _latest(graphql: GraphQL, key: tuple[str, ...]) -> datetime | None:
    """When an asset was materialized last; None when never."""
    answer = graphql.ask(queries.LATEST, key={"path": list(key)})["assetOrError"]
    if answer["__typename"] == "AssetNotFoundError":  # Dagster's word for: never materialized
        return None
    found = one_of(answer, "Asset")["assetMaterializations"]
    return datetime.fromtimestamp(int(found[0]["timestamp"]) / 1000, UTC) if found else None


def _freshness(
    arrived: datetime | None, rolled_up: datetime | None, now: datetime, site: Site
) -> Finding:
    """Whether what arrives is rolled up in time; a quiet hour has nothing to roll up."""
    subject = "rolled-up hours"
    if arrived is None:
        return ok(subject, "no event has arrived yet")
    if now - arrived > _QUIET:
        means = "your site is asleep, or its events do not get here"
        says = f"the last event arrived at {arrived:%Y-%m-%d %H:%M} UTC"
        return warning(subject, says, means, f"clickstream validate{site.options}")
    if rolled_up is None:
        return ok(subject, "the first hour is not over, or not rolled up yet")
    if arrived - rolled_up > _IN_TIME:
        says = f"the last hour was rolled up at {rolled_up:%Y-%m-%d %H:%M} UTC, events came since"
        means = "the marts do not show what has happened since"
        return problem(
            subject, says, means, f"look for failed runs at {site.addresses.dagster}/runs"
        )
    return ok(subject, f"the last at {rolled_up:%Y-%m-%d %H:%M} UTC")
