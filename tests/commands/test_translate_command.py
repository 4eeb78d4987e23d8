import io
import json
import sys
from pathlib import Path

import keras
import pytest

import kerasseq
from kerasseq import commands

TEXTS = ["hello world", "what is this?", "a"]


def test_texts_become_a_line_each(
    model: str, translator: kerasseq.Translator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.translate(["a b", "--model", model, *TEXTS]) == 0
    output = capsys.readouterr().out
    assert output.splitlines() == [each.text for each in translator(["a b", *TEXTS])]


def test_files_and_standard_input_keep_their_order_over_windows(
    model: str,
    translator: kerasseq.Translator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [text[start:] for text in TEXTS for start in range(len(text))] * 3
    expected = [each.text for each in translator(texts)]
    content = "".join(f"{text}\n" for text in texts).encode()
    (tmp_path / "input.txt").write_bytes(content)
    flags = ["--model", model, "--batch_size", "2"]  # 64 texts a window
    assert len(texts) > 64
    assert commands.translate([*flags, "--input", str(tmp_path / "input.txt")]) == 0
    assert capsys.readouterr().out.splitlines() == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert commands.translate(flags) == 0
    assert capsys.readouterr().out.splitlines() == expected


@pytest.mark.parametrize(
    ("flags", "lines", "side_by_side"),
    [
        (["--batch_size", "2"], 4, True),
        (["--batch_size", "2"], 3, False),
        (["--window", "1"], 200, False),
    ],
)
@pytest.mark.parametrize("scores", [False, True])
def test_many_batches_run_side_by_side(
    flags: list[str],
    lines: int,
    side_by_side: bool,
    scores: bool,
    model: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[bool] = []
    name = "kerasseq.commands.translate_command.run_batches_side_by_side"
    monkeypatch.setattr(name, lambda: said.append(True))
    path = tmp_path / "input.txt"
    path.write_text(lines * "a hat\n", encoding="utf-8")
    flags = [*flags, "--input", str(path), *(["--targets", str(path)] if scores else [])]
    assert commands.translate(["--model", model, *flags]) == 0
    assert said == [True] * side_by_side


def test_a_window_of_one_answers_before_more_is_read(
    model: str,
    translator: kerasseq.Translator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = []

    class Conversation(io.BytesIO):
        def readline(self, size: int | None = -1) -> bytes:
            answered.append(capsys.readouterr().out)
            return super().readline(size)

    class Pipe:
        buffer = Conversation(b"a\nhello\n")
        isatty = staticmethod(lambda: False)

    monkeypatch.setattr("sys.stdin", Pipe())
    assert commands.translate(["--model", model, "--window", "1"]) == 0
    assert answered == ["", *(f"{each.text}\n" for each in translator(["a", "hello"]))]


def test_lines_before_one_that_is_no_text_are_answered(
    model: str,
    translator: kerasseq.Translator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "input.txt").write_bytes(b"a\nhello\n\xff\nb\n")
    assert commands.translate(["--model", model, "--input", str(tmp_path / "input.txt")]) == 2
    output, errors = capsys.readouterr()
    assert output.splitlines() == [each.text for each in translator(["a", "hello"])]
    assert "input.txt, line 3: byte 1 of the line, 0xff, is not UTF-8" in errors


def test_what_stands_behind_two_dashes_is_a_text(
    model: str, translator: kerasseq.Translator, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = [each.text for each in translator(["a", "-hello", "--n_best", "--"])]
    assert commands.translate(["a", "--model", model, "--", "-hello", "--n_best", "--"]) == 0
    assert capsys.readouterr().out.splitlines() == expected


def test_json_has_everything(
    model: str, translator: kerasseq.Translator, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--model", model, "--json", "--n_best", "2", "--max_length", "4"]
    assert commands.translate([*flags, "hello wörld"]) == 0
    output = capsys.readouterr().out
    assert "hello wörld" in output
    (answer,) = map(json.loads, output.splitlines())
    assert set(answer) == {
        *("source", "text", "score", "finished", "truncated", "alternatives"),
        *("source_tokens", "target_tokens", "token_scores", "attention_weights"),
    }
    assert answer["source"] == "hello wörld"
    assert answer["source_tokens"][:3] == ["h", "e", "l"]
    for each in answer["alternatives"]:
        assert set(each) == {"text", "score", "finished", "target_tokens", "token_scores"}
        assert len(each["token_scores"]) == len(each["target_tokens"])
        assert sum(each["token_scores"]) == pytest.approx(each["score"], abs=1e-5)
    scores = [each["score"] for each in answer["alternatives"]]
    assert scores[0] == answer["score"]
    assert scores[0] >= scores[1]
    assert len(answer["attention_weights"]) == len(answer["target_tokens"]) <= 4
    for row in answer["attention_weights"]:
        assert len(row) == len(answer["source_tokens"])
        assert sum(row) == pytest.approx(1.0, abs=1e-5)


def test_several_outputs_are_a_line_each_with_number_and_score(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.translate(["--model", model, "--n_best", "2", "a", "b"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == ["1", "1", "2", "2"]
    assert all(float(score) < 0 for _, score, _ in rows)


def test_what_was_cut_is_said_once(
    model: str, capsys: pytest.CaptureFixture[str], translator: kerasseq.Translator
) -> None:
    assert commands.translate(["--model", model, "x" * 50, "a", "--max_length", "1"]) == 0
    assert capsys.readouterr().err == (
        "1 of 2 texts were longer than the 20 tokens that the model reads, and were cut.\n"
        "2 of 2 outputs were cut off at their longest length.\n"
    )


def test_what_nothing_may_begin_is_not_called_cut(
    model: str, capsys: pytest.CaptureFixture[str], translator: kerasseq.Translator
) -> None:
    codec = translator.target_codec
    banned = [f"--ban={token}" for token in codec.vocabulary]
    assert commands.translate(["--model", model, "a", *banned]) == 0
    output, error = capsys.readouterr()
    assert output == "\n"
    assert error.startswith("1 of 1 outputs are empty, since nothing may begin them")
    assert "cut off" not in error


def test_an_output_begins_as_it_must(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.translate(["--model", model, "--prefix", "this is", "a", "b"]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert line.startswith("this is")


def test_the_least_risk_is_one_output(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--search=sampling", "--n_best=5", "--minimum_bayes_risk=even"]
    assert commands.translate(["--model", model, *flags, "a", "b"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_model_twice_is_an_ensemble_that_says_the_same(
    model: str, translator: kerasseq.Translator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.translate(["--model", model, "--model", model, *TEXTS]) == 0
    output = capsys.readouterr().out
    assert output.splitlines() == [each.text for each in translator(TEXTS)]


def test_the_mean_of_several_models_is_one_of_two(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--model", model, "--model", model, "--json", *TEXTS]
    scores = []
    for mean in ("probabilities", "log_probabilities"):
        assert commands.translate(["--ensemble_mean", mean, *flags]) == 0
        lines = capsys.readouterr().out.splitlines()
        scores.append([json.loads(line)["score"] for line in lines])
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)  # of the same model twice


def test_a_module_registers_what_the_file_names(
    translator: kerasseq.Translator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "my_masks.py").write_text(
        "import keras\n\n\n"
        "@keras.saving.register_keras_serializable('my')\n"
        "def everything(token_ids, length):\n"
        "    return keras.ops.ones((1, 1), 'bool')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    import my_masks

    masked = {"name": "greedy", "constraints": {"vocabulary_mask": my_masks.everything}}
    translator.with_search(masked).save("masked.keras")
    keras.saving.get_custom_objects().pop("my>everything")
    del sys.modules["my_masks"]
    assert commands.translate(["--model", "masked.keras", "a"]) == 2
    said = "'masked.keras' needs 'my>everything', which nothing has registered. Name the module"
    assert said in capsys.readouterr().err
    assert commands.translate(["--model", "masked.keras", "--import", "my_masks", "a"]) == 0
    flags = ["--model", "masked.keras", "--import", "my_masks", "--output", "map.png"]
    assert commands.plot([*flags, "a b"]) == 0


def test_a_registered_function_says_which_tokens_may_follow(
    model: str,
    translator: kerasseq.Translator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "fourth_or_end.py").write_text(
        "import keras\n\n\n"
        "@keras.saving.register_keras_serializable('fourth')\n"
        "def or_end(token_ids, length):\n"
        f"    ids = keras.ops.arange({translator.target_codec.vocabulary_size})\n"
        "    late = keras.ops.logical_and(ids == 3, length > 2)\n"
        "    return keras.ops.logical_or(ids == 4, late)[None]\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    flags = ["--model", model, "--vocabulary_mask", "fourth>or_end"]
    assert commands.translate([*flags, "--max_length", "4", "--json", "a"]) == 2
    assert "must name a function that is registered with Keras" in capsys.readouterr().err
    flags += ["--import", "fourth_or_end", "--max_length", "4", "--json"]
    assert commands.translate([*flags, "a", "b"]) == 0
    fourth = translator.target_codec.vocabulary[4]
    for line in capsys.readouterr().out.splitlines():
        tokens = json.loads(line)["target_tokens"]
        assert tokens[:3] == [fourth] * 3
        assert set(tokens[3:]) <= {fourth, translator.target_codec.vocabulary[3]}
    keras.saving.get_custom_objects().pop("fourth>or_end")


def test_given_outputs_get_the_score_of_forced_decoding(
    model: str,
    translator: kerasseq.Translator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    targets = ["this is", "", "hello\tworld"]
    (tmp_path / "input").write_text("".join(f"{text}\n" for text in TEXTS))
    (tmp_path / "targets").write_text("".join(f"{target}\n" for target in targets))
    expected = translator.score(zip(TEXTS, targets, strict=True))
    flags = ["--model", model, "--input", f"{tmp_path}/input", "--targets", f"{tmp_path}/targets"]
    assert commands.translate(flags) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [target for _, target in rows] == ["this is", "", "hello world"]  # two columns
    scores = [each.score for each in expected]
    assert [float(score) for score, _ in rows] == pytest.approx(scores, abs=1e-3)
    assert commands.translate([*flags, "--json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["source"] for each in answers] == TEXTS
    for answer, each in zip(answers, expected, strict=True):
        assert answer["target_tokens"] == each.target_tokens
        assert answer["token_scores"] == pytest.approx(each.token_scores.tolist(), abs=1e-5)


def test_a_text_without_a_target_is_an_error_after_those_before_it(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "line.txt").write_text("one\n")
    flags = ["--model", model, "--targets", str(tmp_path / "line.txt")]
    assert commands.translate([*flags, "x", "y"]) == 2
    output, errors = capsys.readouterr()
    assert output.endswith("\tone\n")
    assert "--targets must have a line for each text: no target 2." in errors


def test_a_second_model_orders_the_outputs(
    model: str, translator: kerasseq.Translator, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--model", model, "--num_beams", "4", "--n_best", "4", "--json"]
    judge = ["--rerank_with", model, "--rerank_weight", "-2"]
    assert commands.translate([*flags, *judge, *TEXTS]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for answer in answers:
        alternatives = answer["alternatives"]
        judged = translator.score([(answer["source"], each["text"]) for each in alternatives])
        sums = [
            each["score"] - 2 * other.score
            for each, other in zip(alternatives, judged, strict=True)
        ]
        assert sums == pytest.approx(sorted(sums, reverse=True), abs=1e-4)
        assert answer["score"] < max(each["score"] for each in alternatives)


def test_no_input_is_no_output(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").touch()
    assert commands.translate(["--model", model, "--input", str(tmp_path / "empty")]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--model", "{model}", "--targets", "{line}", "--prefix", "a", "x"],
            "--targets and --prefix exclude each other.",
        ),
        (
            ["--model", "{model}", "--targets", "{line}", "--max_length", "3", "x"],
            "--targets and --max_length exclude each other.",
        ),
        (
            ["--model", "{model}", "--ensemble_mean", "probabilities", "x"],
            "--ensemble_mean is for several models: give --model more than once.",
        ),
        (
            ["--model", "{model}", "--import", "no_such_module", "x"],
            "--import finds no module 'no_such_module', nor in ",
        ),
        (
            ["--model", "{model}", "--rerank_with", "{model}", "x"],
            "--rerank_with chooses among outputs: --n_best must be above 1.",
        ),
        (
            ["--model", "{model}", "--rerank_weight", "2", "x"],
            "--rerank_weight belongs to --rerank_with.",
        ),
        (["x"], "the following arguments are required: --model (see kerasseq translate --help)"),
        (["--model", "{model}", "--frobnicate"], "unrecognized arguments: --frobnicate (see"),
        (["--model", "{folder}/missing.keras", "x"], "There is no model file '{folder}/missing"),
        (["--model", "{folder}", "x"], "'{folder}' is a folder. Did you mean '{model}'?"),
        (["--model", "{broken}", "x"], "'{broken}' is not a `.keras` file, or it is cut off."),
        (["--model", "{model}", "--input", "{folder}/no"], "No such file or directory: '{folder}"),
        (["--model", "{model}", "--input", "{model}"], "{model}, line 1: byte "),
        (["--model", "{model}", "--input", "{broken}", "x"], "texts and --input exclude each oth"),
        (["--model", "{model}", "--batch_size", "0"], "`--batch_size` must be an integer of at l"),
        (["--model", "{model}", "--window", "0"], "`--window` must be an integer of at least 1."),
        (["--model", "{model}", "--num_beams", "x"], "argument --num_beams: invalid int value"),
        (["--model", "{model}", "--num_beams", "0", "x"], "`num_beams` must be an integer of at"),
    ],
)
def test_a_mistake_ends_with_2_and_a_line_that_says_it(
    arguments: list[str],
    message: str,
    model: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "broken.keras").write_bytes(Path(model).read_bytes()[:5000])
    (tmp_path / "line.txt").write_text("one\n")
    names = {
        "model": model,
        "folder": str(Path(model).parent),
        "broken": str(tmp_path / "broken.keras"),
        "line": str(tmp_path / "line.txt"),
    }
    assert commands.translate([argument.format(**names) for argument in arguments]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("kerasseq translate: error: " + message.format(**names))
    assert errors.count("\n") == 1


def test_a_model_of_somebody_else_is_an_error_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "other.keras")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    assert commands.translate(["--model", path, "x"]) == 2
    assert f"error: {path!r} holds no translator" in capsys.readouterr().err
