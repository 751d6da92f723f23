"""Shares that sum to the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.ledger.apportion import apportion


@pytest.mark.parametrize(
    ("whole", "weights", "shares"),
    [
        (10, [1, 1, 1], [4, 3, 3]),  # 3.33 each; the odd one goes to the first of equals
        (10, [1, 2, 1], [3, 5, 2]),  # 2.5, 5, 2.5
        (100, [7], [100]),
        (3, [0, 0], [3, 0]),
        (3, [0, 5], [0, 3]),
        (0, [], []),
    ],
)
def test_largest_remainder(whole, weights, shares):
    assert apportion(whole, weights) == shares


@pytest.mark.parametrize(("whole", "weights"), [(1, []), (1, [-1, 2])])
def test_what_cannot_be_shared_is_refused(whole, weights):
    with pytest.raises(ValueError, match="Sharing"):
        apportion(whole, weights)


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**20), min_size=1, max_size=30))
def test_shares_sum_to_the_whole_and_are_within_one_of_their_quota(whole, weights):
    shares = apportion(whole, weights)
    assert sum(shares) == whole
    total = sum(weights)
    if total:
        assert all(
            abs(share * total - whole * weight) < total for share, weight in zip(shares, weights, strict=True)
        )
