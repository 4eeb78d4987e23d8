import pytest

from kerasseq.benchmarking import search_benchmark
from kerasseq.benchmarking.reference import Reference

KEYS = {
    *("case", "output_tokens_per_second", "output_tokens_per_cpu_second", "sentences_per_second"),
    *("latency_ms_p50", "latency_ms_p95", "latency_cpu_ms", "floor_ratio", "floor_ratio_cpu"),
    *("peak_rss_mb", "traces", "lengths", "steps", "others_cpu_share", "calls", "at_once"),
    *("threads", "parallelism"),
}


def test_rows_say_what_calls_took(tiny: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = search_benchmark(
        seconds=0,
        dtypes=["float32"],
        batch_sizes=(1, 3),
        references={"tiny/": tiny},
        searches=["beam5"],
        parallelism="intra_op",
    )
    monkeypatch.setattr("kerasseq.benchmarking.search.batches_at_once", lambda: 1)
    first, second = rows
    assert set(first) == KEYS
    assert first["case"] == "search/tiny/beam5/float32/batch1"
    assert second["case"] == "search/tiny/beam5/float32/batch3"
    assert first["lengths"] == "forced"
    assert first["traces"] == second["traces"] == 1
    assert first["calls"] == 4
    assert 0 < first["latency_ms_p50"] <= first["latency_ms_p95"]
    assert first["at_once"] == second["at_once"] == 1


def test_batches_of_several_run_at_once_and_one_sentence_alone(
    tiny: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kerasseq.benchmarking.search.batches_at_once", lambda: 2)
    alone, beside = search_benchmark(
        seconds=0,
        dtypes=["float32"],
        batch_sizes=(1, 3),
        references={"tiny/": tiny},
        searches=["greedy"],
    )
    assert (alone["at_once"], alone["calls"]) == (1, 4)
    assert (beside["at_once"], beside["calls"]) == (2, 8)
    assert alone["traces"] == beside["traces"] == 1  # each of the two graphs
