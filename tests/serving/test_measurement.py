import shutil
from pathlib import Path

import pytest

from kerasseq.serving import measure_export, measured_process


@pytest.mark.slow
def test_every_case_of_an_exported_version_is_measured(model_folder: Path) -> None:
    texts = ["how are you today?", "a"]
    rows = {row["case"]: row for row in measure_export(model_folder / "1", texts, 5, 20)}
    assert list(rows) == [
        *("size", "load", "first_request_without_warm_up", "warm_up"),
        *("first_request_after_warm_up", "batch_1", "batch_8", "batch_64", "memory"),
    ]
    files = [path for path in (model_folder / "1").rglob("*") if path.is_file()]
    without_card = sum(path.stat().st_size for path in files if path.name != "model_card.json")
    assert rows["size"]["bytes"] == without_card
    cold, warm = rows["first_request_without_warm_up"], rows["first_request_after_warm_up"]
    assert warm["cpu_ms"] < cold["cpu_ms"] / 2  # this is what a warm-up is for
    for size in (1, 8, 64):
        row = rows[f"batch_{size}"]
        assert 0 < row["wall_ms_p50"] <= row["wall_ms_p95"] <= row["wall_ms_p99"]
        assert row["calls"] == 5
    memory = rows["memory"]
    assert memory["requests"] == 20
    assert memory["growth"] == pytest.approx(memory["after_mb"] / memory["before_mb"] - 1)


def test_percentiles_are_of_the_calls_behind_the_first_three() -> None:
    times = iter([1e6] * 3 + list(range(101)))

    def ask() -> dict[str, float]:
        wall = float(next(times))
        return {"wall_ms": wall, "cpu_ms": 2 * wall}

    assert measured_process._percentiles(ask, 101) == {
        **{"wall_ms_p50": 50.0, "wall_ms_p95": 95.0, "wall_ms_p99": 99.0},
        **{"cpu_ms": 100.0, "calls": 101},
    }


def test_arguments_and_folder_are_checked(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`calls` must be an integer of at least 2.*: 1"):
        next(measure_export(model_folder / "1", calls=1))
    with pytest.raises(ValueError, match="`texts` must be a list of at least one string"):
        next(measure_export(model_folder / "1", texts=[]))
    with pytest.raises(ValueError, match=r"has no model_card.json"):
        next(measure_export(tmp_path))


def test_a_damaged_version_is_an_error_with_the_file(model_folder: Path, tmp_path: Path) -> None:
    version = tmp_path / "1"
    shutil.copytree(model_folder / "1", version)
    weights = next(version.glob("variables/variables.data*"))
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"is damaged: .*variables.data.* has 100 of \d+ bytes"):
        next(measure_export(version))


@pytest.mark.slow
def test_a_version_that_does_not_load_is_an_error_with_the_reason(
    model_folder: Path, tmp_path: Path
) -> None:
    version = tmp_path / "1"
    shutil.copytree(model_folder / "1", version)
    rows = measure_export(version, ["a"], 2, 1)
    assert next(rows)["case"] == "size"
    shutil.rmtree(version / "variables")  # behind the check of its files
    with pytest.raises(
        RuntimeError, match=r"could not be measured: FileNotFoundError: .*variables"
    ):
        next(rows)
