"""When a download of weights is started or followed."""

import pytest

from deployments.planning.decide import decide
from deployments.planning.steps import RequestDeploy, StepDownload

from .situations import asleep, download, lit, off, started

DOWNLOADS = [
    ("asleep: it is started or followed", asleep(download=download()), [StepDownload(9)]),
    ("a worker is at it", asleep(download=download(busy=True)), []),
    (
        "from off the app is deployed for it, and nothing is lit",
        off(wanted_on=True, download=download()),
        [RequestDeploy(1)],
    ),
    ("beside a lit server", lit(download=download()), [StepDownload(9)]),
    (
        "with a start from off there is one deploy",
        started(download=download()),
        [RequestDeploy(1)],
    ),
]


@pytest.mark.parametrize(("why", "facts", "expected"), DOWNLOADS, ids=[row[0] for row in DOWNLOADS])
def test_weights_download(why, facts, expected):
    assert decide(facts) == expected
