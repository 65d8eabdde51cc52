"""Who may lend a face to whom."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from training.forgeries.people import pools


def people(count: int) -> dict[str, list[str]]:
    return {f"person {number}": [f"clip {number}", f"other clip {number}"] for number in range(count)}


@given(count=st.integers(1, 30), seed=st.integers(0, 100))
def test_everybody_is_in_a_pool_of_two_or_three(count: int, seed: int) -> None:
    pool = pools(people(count), seed)
    assert pool.keys() == people(count).keys()
    sizes = sorted(Counter(pool.values()).values())
    assert sizes == ([1] if count == 1 else [2] * (count // 2 - count % 2) + [3] * (count % 2))


def test_pools_depend_on_what_the_clips_hold_and_not_on_names_or_order() -> None:
    known = people(9)
    renamed = {f"renamed {name}": clips[::-1] for name, clips in reversed(known.items())}
    before, after = pools(known, 0), pools(renamed, 0)
    assert {name: after[f"renamed {name}"] for name in known} == before


def test_another_seed_draws_other_pools() -> None:
    drawn = {tuple(pools(people(12), seed).values()) for seed in range(3)}
    assert len(drawn) == 3
