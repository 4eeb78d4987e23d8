import json
from pathlib import Path

import pytest

import kerasseq
from kerasseq import commands, evaluation

SOURCES = ["hello world", "what is this?", "a b c", "is this a world"]


@pytest.fixture(scope="module")
def outputs(translator: kerasseq.Translator) -> list[str]:
    return [each.text for each in translator(SOURCES)]


@pytest.fixture
def pairs_file(tmp_path: Path, outputs: list[str]) -> str:
    """Two targets are what the model says, two are not."""
    targets = [*outputs[:2], "something else", "and more"]
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"{a}\t{b}\n" for a, b in zip(SOURCES, targets, strict=True)))
    return str(path)


def test_the_numbers_are_those_of_the_evaluation_room(
    model: str, pairs_file: str, outputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.evaluate(["--model", model, "--data", pairs_file, "--json"]) == 0
    report = evaluation.evaluate(outputs, [*outputs[:2], "something else", "and more"])
    assert json.loads(capsys.readouterr().out) == {
        **report.values,
        "signature": report.signatures,
        "sentences": 4,
    }
    assert report.values["exact_match"] == 50.0


@pytest.mark.parametrize(("batch_size", "side_by_side"), [("2", True), ("3", False)])
def test_two_batches_run_side_by_side(
    batch_size: str,
    side_by_side: bool,
    model: str,
    pairs_file: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[bool] = []
    name = "kerasseq.commands.evaluate_command.run_batches_side_by_side"
    monkeypatch.setattr(name, lambda: said.append(True))
    flags = ["--model", model, "--data", pairs_file, "--batch_size", batch_size]
    assert commands.evaluate(flags) == 0
    assert said == [True] * side_by_side


def test_without_json_there_is_a_metric_a_line_with_its_signature(
    model: str, pairs_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--metrics", "exact_match", "chrf", "--perplexity"]
    assert commands.evaluate(["--model", model, "--data", pairs_file, *flags]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == ["exact_match", "chrf", "perplexity", "sentences"]
    assert rows[0][1:2] == ["50.00"]
    assert rows[1][2].startswith("nrefs:1|case:mixed|")
    assert float(rows[2][1]) > 1
    assert rows[3][1] == "4"


def test_each_output_may_have_to_begin_in_one_way(
    model: str,
    translator: kerasseq.Translator,
    pairs_file: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = ["--model", model, "--data", pairs_file, "--json", "--prefix", "this is"]
    assert commands.evaluate(flags) == 0
    begun = [each.text for each in translator.complete(SOURCES, ["this is"] * len(SOURCES))]
    targets = [line.split("\t")[1] for line in Path(pairs_file).read_text().splitlines()]
    report = evaluation.evaluate(begun, targets)
    values = json.loads(capsys.readouterr().out)
    assert {name: values[name] for name in report.values} == report.values
    assert commands.evaluate([*flags, "--n_best=2", "--minimum_bayes_risk=even"]) == 2
    assert "--prefix and --minimum_bayes_risk exclude each other" in capsys.readouterr().err


def test_the_score_of_each_given_target_goes_into_a_file(
    model: str, translator: kerasseq.Translator, pairs_file: str, tmp_path: Path
) -> None:
    path = tmp_path / "scores.jsonl"
    assert (
        commands.evaluate(["--model", model, "--data", pairs_file, "--pair_scores", str(path)]) == 0
    )
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    lines = Path(pairs_file).read_text().splitlines()
    pairs = [(line.split("\t")[0], line.split("\t")[1]) for line in lines]
    assert [(row["source"], row["target"]) for row in rows] == pairs
    for row, expected in zip(rows, translator.score(pairs), strict=True):
        assert row["score"] == pytest.approx(expected.score, abs=1e-5)
        assert row["token_scores"] == pytest.approx(expected.token_scores.tolist(), abs=1e-5)
        assert row["target_tokens"] == expected.target_tokens


def test_lines_of_one_source_may_be_references_of_one_another(
    model: str, tmp_path: Path, outputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(f"{SOURCES[0]}\tsomething else\n{SOURCES[0]}\t{outputs[0]}\n")
    flags = ["--model", model, "--data", str(path), "--json", "--metrics", "exact_match"]
    assert commands.evaluate(flags) == 0
    assert json.loads(capsys.readouterr().out)["exact_match"] == 50.0
    assert commands.evaluate([*flags, "--group_references"]) == 0
    grouped = json.loads(capsys.readouterr().out)
    assert (grouped["exact_match"], grouped["sentences"]) == (100.0, 1)
    assert "nrefs:2" in grouped["signature"]["exact_match"]


def test_perplexity_is_that_of_each_reference(
    model: str,
    translator: kerasseq.Translator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(f"{SOURCES[0]}\ta\n{SOURCES[0]}\tthe hat\n")
    flags = ["--model", model, "--data", str(path), "--json", "--perplexity"]
    assert commands.evaluate([*flags, "--group_references"]) == 0
    expected = translator.perplexity([(SOURCES[0], "a"), (SOURCES[0], "the hat")])
    assert json.loads(capsys.readouterr().out)["perplexity"] == pytest.approx(expected, rel=1e-5)


def test_what_was_cut_is_told(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(f"{'a' * 100}\ta\n")
    flags = ["--model", model, "--data", str(path), "--max_length", "1", "--ban", "</s>"]
    assert commands.evaluate(flags) == 0
    errors = capsys.readouterr().err
    assert "1 of 1 texts were longer than the 20 tokens that the model reads" in errors
    assert "1 of 1 outputs were cut off at their longest length." in errors


def test_columns_may_be_named_and_numbered(
    model: str, tmp_path: Path, outputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(f"id\tno\t2\n1\t{outputs[0]}\t{SOURCES[0]}\n")
    flags = ["--model", model, "--data", str(path), "--json", "--metrics", "exact_match"]
    assert commands.evaluate([*flags, "--source_column=2", "--target_column=no"]) == 0
    assert json.loads(capsys.readouterr().out)["exact_match"] == 100.0
    flags += ["--source_column", "2", "--target_column", "1", "--header"]
    assert commands.evaluate(flags) == 0
    assert json.loads(capsys.readouterr().out)["sentences"] == 1


def test_two_parallel_files_will_do(
    model: str, tmp_path: Path, outputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "source").write_text("\n".join(SOURCES))
    (tmp_path / "target").write_text("\n".join(outputs))
    files = ["--data", str(tmp_path / "source"), "--target_data", str(tmp_path / "target")]
    assert commands.evaluate(["--model", model, *files, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bleu"] == pytest.approx(100.0)
    assert commands.evaluate(["--model", model, *files, "--header"]) == 2
    assert "--target_data means two files of plain lines" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "{pairs}", "--metrics", "blue"], "`metrics[0]` must be one of 'bleu', "),
        (
            ["--data", "{pairs}", "--source_column", "english"],
            "The column of the sources, 'english', must stand in ",
        ),
        (
            ["--data", "{pairs}", "--source_column", "7"],
            "The column of the sources, 7 counted from 0, must",
        ),
        (["--data", "missing.tsv"], "There is no file 'missing.tsv'."),
        (["--data", "{model}"], "{model}, line 1: byte "),
        (["--data", "{pairs}", "--frobnicate"], "unrecognized arguments: --frobnicate"),
    ],
)
def test_a_mistake_ends_with_2_and_a_line_that_says_it(
    arguments: list[str],
    message: str,
    model: str,
    pairs_file: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = {"model": model, "pairs": pairs_file}
    flags = [argument.format(**names) for argument in arguments]
    assert commands.evaluate(["--model", model, *flags]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("kerasseq evaluate: error: " + message.format(**names))
    assert errors.count("\n") == 1
