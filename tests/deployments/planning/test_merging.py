"""Two people change one document."""

from typing import Any

import pytest

from deployments.planning.merging import ABSENT, compare, merged

BASE: dict[str, Any] = {
    "name": "GLM", "max_num_seqs": 32, "extra_flags": ["--a"], "environment": {"A": "1", "B": "2"},
    "volumes": {}, "image": {"reference": "x:v1", "pip": [], "environment": {}},
}  # fmt: skip


def with_(**changes: Any) -> dict[str, Any]:
    return BASE | changes


def test_what_each_changed_alone_is_kept_from_both() -> None:
    theirs = with_(max_num_seqs=16, environment={"A": "1", "B": "2", "C": "3"})
    mine = with_(name="GLM 5", environment={"A": "9", "B": "2"}, volumes={"/x": "x"})
    both = merged(BASE, theirs, mine)
    assert both == with_(
        name="GLM 5", max_num_seqs=16, environment={"A": "9", "B": "2", "C": "3"}, volumes={"/x": "x"}
    )


def test_mine_stands_where_both_changed_the_same() -> None:
    theirs, mine = with_(max_num_seqs=16, extra_flags=["--b"]), with_(max_num_seqs=24)
    assert merged(BASE, theirs, mine) == with_(max_num_seqs=24, extra_flags=["--b"])
    rows = {row.path: row for row in compare(BASE, theirs, mine)}
    assert rows["max_num_seqs",].by_both
    assert not rows["extra_flags",].by_both
    assert not rows["extra_flags",].is_mine


@pytest.mark.parametrize("whose", ["theirs", "mine"])
def test_a_variable_that_one_removed_stays_away(whose: str) -> None:
    less, same = with_(environment={"B": "2"}), with_(max_num_seqs=8)
    theirs, mine = (less, same) if whose == "theirs" else (same, less)
    assert merged(BASE, theirs, mine) == with_(environment={"B": "2"}, max_num_seqs=8)


def test_the_parts_of_the_image_are_compared_one_by_one() -> None:
    theirs = with_(image=BASE["image"] | {"environment": {"N": "1"}})
    mine = with_(image=BASE["image"] | {"reference": "x:v2"})
    assert merged(BASE, theirs, mine)["image"] == {"reference": "x:v2", "pip": [], "environment": {"N": "1"}}
    (first, second) = compare(BASE, theirs, mine)
    assert (first.path, first.base, first.theirs) == (("image", "environment", "N"), ABSENT, "1")
    assert second.path == ("image", "reference")
