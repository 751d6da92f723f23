"""Prometheus's text form."""

from sandbox.engine.registry import Counter, Gauge, Histogram, render


def test_counter_shows_its_total_and_when_it_was_made() -> None:
    counter = Counter("x_total", "Text.", {"engine": "0"})
    counter.add(2)
    counter.add(3)
    assert '# HELP x_total Text.\n# TYPE x_total counter\nx_total{engine="0"} 5.0\n' in render([counter])
    assert '# TYPE x_created gauge\nx_created{engine="0"} ' in render([counter])


def test_labels_are_sorted() -> None:
    gauge = Gauge("g", "Text.", {"model_name": "m"})
    gauge.set(1, engine="0")
    assert 'g{engine="0",model_name="m"} 1.0\n' in render([gauge])


def test_histogram_buckets_are_cumulative() -> None:
    histogram = Histogram("h", "Text.", {"engine": "0"}, (0.5, 1))
    for value in (0.5, 0.7, 3):  # a bound belongs to its own bucket
        histogram.observe(value)
    assert [line for line in render([histogram]).splitlines() if line.startswith("h_")][:5] == [
        'h_bucket{engine="0",le="0.5"} 1.0',
        'h_bucket{engine="0",le="1.0"} 2.0',
        'h_bucket{engine="0",le="+Inf"} 3.0',
        'h_count{engine="0"} 3.0',
        'h_sum{engine="0"} 4.2',
    ]
