"""The sketch keeps its stated error, and adding again changes nothing."""

import math

from hypothesis import given
from hypothesis import strategies as st

from lambdas.shared.sketch import STANDARD_ERROR, Sketch


def sketch_of(things: object) -> Sketch:
    sketch = Sketch()
    sketch.add(map(str, things))  # type: ignore[call-overload]
    return sketch


def test_the_error_is_the_stated_one() -> None:
    """Over many independent sets the errors are spread as the standard error says."""
    for size in (10, 300, 5_000, 20_000):
        errors = [
            sketch_of(f"{trial}/{number}" for number in range(size)).estimate() / size - 1
            for trial in range(30)
        ]
        spread = math.sqrt(sum(error**2 for error in errors) / len(errors))
        assert spread < 1.4 * STANDARD_ERROR
        assert abs(sum(errors) / len(errors)) < STANDARD_ERROR


@given(st.sets(st.text(), max_size=50), st.sets(st.text(), max_size=50))
def test_merging_is_union_whatever_the_order(left: set[str], right: set[str]) -> None:
    both, merged = sketch_of(left | right), sketch_of(left)
    merged.merge(sketch_of(right))
    merged.merge(sketch_of(left))
    assert merged.pack() == both.pack()


@given(st.sets(st.text(), max_size=50))
def test_a_stored_sketch_is_the_same_and_known_things_do_not_change_it(things: set[str]) -> None:
    stored = Sketch(sketch_of(things).pack())
    assert stored.pack() == sketch_of(things).pack()
    assert not stored.add(things)


def test_it_stays_small() -> None:
    assert len(sketch_of(range(20)).pack()) < 200
    assert len(sketch_of(range(100_000)).pack()) < 1600
