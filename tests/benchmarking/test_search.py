from kerasseq.benchmarking import search_benchmark
from kerasseq.benchmarking.reference import Reference

KEYS = {
    *("case", "output_tokens_per_second", "output_tokens_per_cpu_second", "sentences_per_second"),
    *("latency_ms_p50", "latency_ms_p95", "latency_cpu_ms", "floor_ratio", "floor_ratio_cpu"),
    *("peak_rss_mb", "traces", "lengths", "steps", "others_cpu_share", "calls"),
    *("threads", "parallelism"),
}


def test_rows_say_what_calls_took(tiny: Reference) -> None:
    rows = search_benchmark(
        seconds=0,
        dtypes=["float32"],
        batch_sizes=(1, 3),
        references={"tiny/": tiny},
        searches=["beam5"],
    )
    first, second = rows
    assert set(first) == KEYS
    assert first["case"] == "search/tiny/beam5/float32/batch1"
    assert second["case"] == "search/tiny/beam5/float32/batch3"
    assert first["lengths"] == "forced"
    assert first["traces"] == second["traces"] == 1
    assert first["calls"] == 4
    assert 0 < first["latency_ms_p50"] <= first["latency_ms_p95"]
