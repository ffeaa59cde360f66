"""The shards of a stream in memory: which was made from which."""

from collections.abc import Iterator
from typing import Any


class FakeShards:
    """Answers `list_shards`; `parents` are a shard's by its id."""

    def __init__(self) -> None:
        self.parents: dict[str, tuple[str, ...]] = {}

    def get_paginator(self, operation: str) -> "FakeShards":
        assert operation == "list_shards"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        names = ("ParentShardId", "AdjacentParentShardId")
        for shard_id, parents in self.parents.items():
            yield {"Shards": [{"ShardId": shard_id, **dict(zip(names, parents, strict=False))}]}
