"""Is anything lost or counted twice when workers die at random moments? The short form of
`tests/e2e/fleet.py --kills 20 --records 100000`."""

import pytest

from fleet import Fleet, Plan, report

pytestmark = pytest.mark.kafka




@pytest.mark.timeout(900)
def test_killed_workers_lose_nothing_and_count_nothing_twice(assay, kafka, aws, tmp_path):
    fleet = Fleet(assay, Plan(), tmp_path, kafka, aws)
    try:
        result = fleet.go()
    finally:
        fleet.stop()
    print(report(result))
    assert result.problems == []
    assert result.counts(), "nothing was redelivered or superseded: the run proves nothing"
