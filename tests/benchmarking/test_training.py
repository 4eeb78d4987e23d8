import pytest

from kerasseq.benchmarking import training_benchmark
from kerasseq.benchmarking.reference import Reference

KEYS = {
    *("case", "tokens_per_second", "tokens_per_cpu_second", "step_ms", "step_cpu_ms"),
    *("floor_ratio", "floor_ratio_cpu", "peak_rss_mb", "others_cpu_share", "traces", "steps"),
    *("parts", "parameters", "data", "threads", "parallelism"),
}
PARTS = {"input_pipeline", "encoder", "decoder", "output_and_loss", "optimizer"}


def test_a_row_says_what_a_step_took(tiny: Reference) -> None:
    rows = training_benchmark(
        seconds=0,
        dtypes=["float32"],
        reference=tiny,
        batch_size=10,
        input_feeding=[False],
        vocabulary_size=32,
    )
    (row,) = rows
    assert set(row) == KEYS
    assert row["case"] == "training/float32/no_input_feeding"
    assert row["traces"] == 1
    assert row["steps"] == 4
    assert row["tokens_per_second"] > 0
    assert row["floor_ratio"] > 0
    assert row["data"] == "generated"
    network = tiny.with_vocabulary_size(32).build("float32", input_feeding=False)
    assert row["parameters"] == network.count_params()
    assert set(row["parts"]) == PARTS
    assert sum(row["parts"].values()) == pytest.approx(1.0)


def test_one_file_alone_is_refused(tiny: Reference) -> None:
    rows = training_benchmark(source="only.en", reference=tiny)
    message = r"`source` and `target` must be given together. Received: 'only.en' and None"
    with pytest.raises(ValueError, match=message):
        next(rows)
    with pytest.raises(ValueError, match=r"`seconds` must be .* Received: -1"):
        next(training_benchmark(seconds=-1, reference=tiny))
