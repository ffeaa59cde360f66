"""The answer of `clickstream cost` as one document: both designs at a load, and what it rests on.

Belongs here: the document's names, its roundings, its assumptions and warnings. The sums belong in
`model`, printing in `commands`.
"""

from typing import Any

from infra.cost import consumers, model
from infra.cost.consumers import Consumer
from infra.cost.documents import documents_cost
from infra.cost.inputs import PRICES_OF, Prices, read_measurements, read_prices
from infra.cost.load import Load
from infra.cost.marts import HOURS_A_DAY, marts_cost, read_mart_queries
from infra.delivery_profiles import Delivery
from infra.topology import Topology, build_topology


def cost_report(load: Load, delivery: Delivery = "lambda") -> dict[str, Any]:
    """Costs both designs at a load.

    Args:
        load: The load.
        delivery: How events get into the lake.

    Raises:
        CostError: If the load is out of range.
    """
    load.check()
    topology = build_topology(delivery=delivery)
    prices, measurements = read_prices(), read_measurements()
    ours = model.our_cost(load, topology, measurements, prices)
    events = load.events_per_day
    functions = {one.name: _function(one) for one in ours.consumers}
    our_side, their_side = _side(ours.dollars, load), _side(documents_cost(load, prices), load)
    return {
        "events_per_day": events,
        "window_s": functions["aggregator"]["window_s"],
        "shards": ours.shards,
        "peak_factor": load.peak_factor,
        "delivery": delivery,
        **our_side,
        "write_units_per_event": _per_event(ours.units(), events),
        "reads_per_event": _per_event(ours.reads(), events),
        "functions": functions,
        "collector": {
            "included": False,
            "events_per_request": load.events_per_request,
            **_per_million(model.collector_cost(load, topology, prices), load),
        },
        "marts": _marts(load, prices),
        "documents": their_side,
        "times_cheaper": round(their_side["usd_per_month"] / our_side["usd_per_month"], 1),
        "prices": f"us-east-1, on demand, {PRICES_OF}",
        "measured": measurements.date,
        "traffic": {
            "events_per_session": load.events_per_session,
            "session_gap_s": load.session_gap_s,
        },
        "assumptions": assumptions(load, ours.shards, topology),
        "warnings": [text for one in ours.consumers for text in _warnings(one, load, ours.shards)],
    }


def assumptions(load: Load, shards: int, topology: Topology) -> list[str]:
    """What the figures rest on besides the prices and the measurements."""
    return [
        f"sessions have {load.events_per_session:g} events, {load.session_gap_s:g} s apart on "
        "average (--events-per-session, --session-gap): they decide how many events of a batch "
        "share one write; page views fall on 2,000 pages by Zipf(1.1)",
        "events come evenly over the day, in time and one to a record; shards are sized for "
        f"{load.peak_factor:g} times the mean (1,000 records/s or 1 MB/s in, 2 MB/s out for all "
        f"consumers); the topology starts with {topology.stream.shards}, this counts {shards} "
        "(--shards)",
        "a batch holds what comes during the window and while the batch before is worked on, at "
        "most the batch size and 6 MB",
        f"a call takes {consumers.CALL_MS:g} ms, {consumers.PARALLEL_CALLS} writes at a time; CPU "
        "is the bench machine's, on the share of a vCPU that the memory buys",
        "the process that gets a batch of a shard has had the one before it and knows its "
        "sessions; with many shards and processes each is read again, at most 0.12 a million more",
        "no fault, retry or cold start; stored items stay below 1 KB; lake objects are kept one "
        "month",
        *_of_firehose(topology),
        "storage in DynamoDB, Glue, Dagster's task, QuickSight, free tiers, transfer and tax are "
        "left out",
        "the collector and the marts are not included: the documents' producers write to Kinesis "
        "directly and their design has no marts; the marts are rebuilt every hour, all queries at "
        "Athena's least of 10 MB or more",
    ]


def _marts(load: Load, prices: Prices) -> dict[str, Any]:
    queries = read_mart_queries()
    dollars = {"athena": marts_cost(load, queries, prices)}
    return {
        "included": False,
        "queries_per_day": HOURS_A_DAY * len(queries.scanned_mb),
        "measured": queries.date,
        **_side(dollars, load),
    }


def _of_firehose(topology: Topology) -> list[str]:
    """What the figures of Firehose rest on."""
    return [
        f"Firehose bills a record of the stream as 5 KB, also for conversion, and partitioning by "
        f"the rows before conversion; it writes an object each {one.buffer_s:g} s, or of "
        f"{one.buffer_mb} MB, and its first price tier holds; its objects are as large as ours"
        for one in topology.delivery_streams
    ]


def _side(dollars: dict[str, float], load: Load) -> dict[str, Any]:
    month = sum(dollars.values()) * model.DAYS_A_MONTH
    return {**_per_million(dollars, load), "usd_per_month": round(month, 2)}


def _per_million(dollars: dict[str, float], load: Load) -> dict[str, Any]:
    by_service = model.per_million(dollars, load.events_per_day)
    return {
        "usd_per_million": _dollars(sum(by_service.values())),
        "by_service": {service: _dollars(cost) for service, cost in by_service.items()},
    }


def _per_event(amounts: dict[str, float], events: float) -> dict[str, float]:
    return {name: round(amount / events, 4) for name, amount in amounts.items()}


def _function(consumer: Consumer) -> dict[str, float]:
    return {
        "batch": round(consumer.holds.events, 1),
        "sessions": round(consumer.holds.sessions, 1),
        "window_s": consumer.window_s,
        "invocations_per_day": round(consumer.batches),
        "duration_ms": round(consumer.duration_ms, 1),
        "memory_mb": consumer.memory_mb,
        "capacity_per_shard_s": round(consumer.capacity, 1),
    }


def _warnings(consumer: Consumer, load: Load, shards: int) -> list[str]:
    peak = load.events_per_s / shards * load.peak_factor
    if peak <= consumers.ROOM * consumer.capacity:
        return []
    enough = consumer.enough_mb
    remedy = "more shards or larger batches" if enough is None else f"{enough:,} MB"
    return [
        f"{consumer.name} on {consumer.memory_mb} MB works through {consumer.capacity:,.0f} events "
        f"a second of a shard, and the peak brings {peak:,.0f}: give it {remedy}"
    ]


def _dollars(value: float) -> float:
    return round(value, 4)
