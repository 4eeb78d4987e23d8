"""The scripts in fresh processes, as a user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerasseq import commands, data

SCRIPTS = Path(__file__).parent.parent.parent / "scripts"
NAMES = ("train", "evaluate", "translate", "tune", "export_model", "plot_attention")


def run_script(name: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)  # a user has not set it
    return subprocess.run(
        [sys.executable, SCRIPTS / f"{name}.py", *arguments],
        input=text,
        capture_output=True,
        text=True,
        env=environment,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_thin_and_answers_help(name: str) -> None:
    assert len((SCRIPTS / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 20
    result = run_script(name, "--help")
    assert result.returncode == 0
    assert result.stderr == ""
    assert result.stdout.startswith("usage: kerasseq ")


def write_dates(path: Path, size: int, seed: int) -> str:
    lines = [f"{source}\t{target}\n" for source, target in data.generate_dates(size, seed)]
    path.write_text("".join(lines), encoding="utf-8")
    return str(path)


def test_from_a_file_of_pairs_to_translations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Train, evaluate and translate; the numbers of the first two are the same."""
    output = tmp_path / "run"
    trained = run_script(
        "train",
        *("--data.train", write_dates(tmp_path / "train.tsv", 200, seed=1)),
        *("--data.valid", write_dates(tmp_path / "valid.tsv", 10, seed=2)),
        *("--data.test", write_dates(tmp_path / "test.tsv", 10, seed=3)),
        *("--output", str(output), "--seed", "3", "--training.epochs", "1"),
        *("--source_text.tokenizer", "character", "--target_text.tokenizer", "character"),
        *("--model.embedding_units", "8", "--model.encoder_units", "8"),
        *("--model.decoder_units", "16", "--search.options.num_beams", "2"),
    )
    assert trained.returncode == 0, trained.stderr
    assert "epoch 1/1: " in trained.stderr
    assert "oneDNN custom operations" not in trained.stderr  # TensorFlow's banner
    assert trained.stdout.splitlines()[-1] == f"The translator is {output}/model.keras"
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    model = str(output / "model.keras")

    # In this process, which has paid for TensorFlow.
    flags = ["--model", model, "--data", str(tmp_path / "test.tsv"), "--json"]
    assert commands.evaluate(flags) == 0
    numbers = json.loads(capsys.readouterr().out)
    for name in ("bleu", "chrf", "exact_match"):
        assert numbers[name] == pytest.approx(report[name], abs=1e-3)

    translated = run_script("translate", "--model", model, "--json", text="May 3, 2011\n\n")
    sources = [json.loads(line)["source"] for line in translated.stdout.splitlines()]
    assert sources == ["May 3, 2011", ""]
    for line in translated.stderr.splitlines():  # none but our own
        assert "outputs were cut off" in line


def test_a_broken_file_ends_with_2_and_no_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("training:\n\tepochs: 3\n", encoding="utf-8")
    result = run_script("train", "--config", str(broken), "--output", str(tmp_path / "run"))
    assert result.returncode == 2
    assert result.stderr.startswith(
        f"kerasseq train: error: {broken}: line 2: this is not valid YAML: found character '\\t'"
    )
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
