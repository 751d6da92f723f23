"""Cutting a whole amount into shares that sum to it."""

from collections.abc import Sequence


def apportion(whole: int, weights: Sequence[int]) -> list[int]:
    """`whole` in as many integers as there are weights, in proportion to them; they sum to `whole` exactly.

    Largest remainder (Hamilton): everybody gets the floor of their quota, and what is left goes one by one to
    the largest remainders, the first of equals first. Integers throughout, so the answer is the same on every
    machine. Where all weights are 0 the first gets all. Raises ValueError for negative weights, and for no
    weights where there is something to share.
    """
    if any(weight < 0 for weight in weights) or (whole and not weights):
        raise ValueError("Sharing needs somebody to share among, and no negative weights.")
    total = sum(weights)
    if total == 0:
        return [whole] + [0] * (len(weights) - 1) if weights else []
    quotas = [divmod(whole * weight, total) for weight in weights]
    shares = [floor for floor, _ in quotas]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-quotas[place][1], place))
    for place in by_remainder[: whole - sum(shares)]:
        shares[place] += 1
    return shares
