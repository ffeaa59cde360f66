"""The shards of a stream in memory: which was made from which."""


class FakeShards:
    """Answers as `lambdas.shared.shards`; `made_from` are a shard's parents by its id."""

    def __init__(self) -> None:
        self.made_from: dict[str, tuple[str, ...]] = {}

    def parents(self, shard_id: str) -> list[str]:
        return list(self.made_from.get(shard_id, ()))
