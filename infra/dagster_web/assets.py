"""Assets as their code location describes them.

Belongs here: what is known of an asset without running it. What a run has told of it belongs in
`runs`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra.dagster_web import queries
from infra.dagster_web.graphql import GraphQL, one_of

Metadata = dict[str, Any]


def asset_metadata(graphql: GraphQL, key: Sequence[str]) -> Metadata:
    """What an asset's definition says, by name; numbers, truths and JSON, nothing else.

    Raises:
        UnreachableError: If there is no answer.
        DagsterError: If there is no such asset.
    """
    answer = graphql.ask(queries.ASSET_METADATA, key={"path": list(key)})
    return metadata_of(one_of(answer["assetNodeOrError"], "AssetNode")["metadataEntries"])


def metadata_of(entries: Iterable[Mapping[str, Any]]) -> Metadata:
    """Metadata by name; an entry of a kind that is not asked for is left out."""
    found: Metadata = {}
    for entry in entries:
        if "intRepr" in entry:  # as text: GraphQL's own numbers end at 32 bits
            found[entry["label"]] = int(entry["intRepr"])
        elif "boolValue" in entry:
            found[entry["label"]] = entry["boolValue"]
        elif "jsonString" in entry:
            found[entry["label"]] = json.loads(entry["jsonString"])
    return found
