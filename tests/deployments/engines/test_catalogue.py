"""Looking up flags by any spelling, and completing what is being typed."""

import json

import pytest

from deployments.engines.catalogue import SHIPPED, CatalogueError, nearest, read_catalogue

NEWEST = nearest("0.33.0")


@pytest.mark.parametrize(
    ("spelled", "name", "how"),
    [
        ("--max-num-seqs", "--max-num-seqs", "exact"),
        ("--max_num_seqs", "--max-num-seqs", "exact"),
        ("-tp", "-tp", "exact"),
        ("--disable-prefix-caching", "--disable-prefix-caching", "exact"),
        ("--no-enable-prefix-caching", "--no-enable-prefix-caching", "hidden"),
        ("--gpu-memory-util", "--gpu-memory-utilization", "abbreviated"),
    ],
)
def test_a_flag_is_found_by_any_spelling_the_engine_takes(spelled, name, how):
    (match,) = NEWEST.matches(spelled)
    assert (match.name, match.how) == (name, how)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("max-num-s", "--max-num-scheduled-tokens"),
        ("--max_model", "--max-model-len"),
        ("gpu util", None),
        ("mem-util", "--gpu-memory-utilization"),
        ("graph-capture", "--cudagraph-capture-sizes"),
        ("tensr-parallel", "--tensor-parallel-size"),
        ("zzzz", None),
    ],
)
def test_completion_puts_beginnings_first_and_forgives_a_slip(typed, first):
    found = NEWEST.search(typed)
    assert (found[0].name if found else None) == first
    assert len(found) <= 12


@pytest.mark.parametrize(
    ("asked", "used"), [("0.33.0", "0.33.0"), ("0.32.7", "0.32.0"), ("0.26.0", "0.32.0"), ("1.0", "0.33.0")]
)
def test_the_nearest_version_stands_in_for_a_missing_one(asked, used):
    assert nearest(asked).version == used


def test_a_cut_or_doubled_dump_is_refused():
    data = json.loads((SHIPPED / "vllm-0.33.0.json").read_text())
    with pytest.raises(CatalogueError, match="the dump is cut"):
        read_catalogue(data | {"flags": data["flags"][:9]})
    with pytest.raises(CatalogueError, match="--headless is there twice"):
        read_catalogue(data | {"flags": [*data["flags"], data["flags"][1]]})
