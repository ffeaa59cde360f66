"""What `clickstream destroy` says.

Belongs here: wording. What is there belongs in `holdings` and `leftovers`.
"""

from collections.abc import Iterator, Sequence

from infra.deploy.removal.holdings import Holding
from infra.deploy.removal.leftovers import Cost, Tagged


def going_lines(data_stack: str, names: Sequence[str]) -> Iterator[str]:
    """What goes beside the stack of compute."""
    yield f"Will go: all of the stack {data_stack}, with everything that was ever stored:"
    yield from (f"  {name}" for name in names)


def kept_lines(names: Sequence[str], costs: Sequence[Cost]) -> Iterator[str]:
    """What stays, and what that costs."""
    if not names:
        yield "Nothing that holds data is there."
        return
    yield "Will stay, with --data it would go:"
    yield from (f"  {name}" for name in names)
    total = sum(cost.usd_month for cost in costs)
    yield f"It costs about ${total:,.2f} a month while nothing runs on it (us-east-1, list prices):"
    yield from (f"  ${cost.usd_month:,.2f}  {cost.what}" for cost in costs)


def left_lines(left: Sequence[Holding], found: Tagged, *, data: bool) -> Iterator[str]:
    """What is left at the end."""
    if left:
        reason = "was not deleted" if data else "was kept, as asked"
        yield f"Left, {reason}:"
        yield from (f"  {holding.name}" for holding in left)
    else:
        yield "Nothing that holds data is left."
    if found.unknown_because:
        yield (
            "Whether anything else is left is not known, because the tags could not be asked "
            f"({found.unknown_because}): look at AWS's Tag Editor"
        )
    elif found.arns:
        yield "AWS still names these with the stacks' tags (it forgets some hours late):"
        yield from (f"  {arn}" for arn in found.arns)
    else:
        yield "Nothing carries the stacks' tags any more."
    yield "Not the platform's, so untouched: the CDK's bootstrap stack and its bucket of assets."
