"""The script finds a sound version sound in a bare process, and names what is wrong with others."""

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kerasseq.serving import verification, verify_export
from kerasseq.serving.verification import OLDEST, TEXT_OPERATIONS, Operation

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify_export.py"
BARE = "import runpy, sys; sys.modules['keras'] = sys.modules['kerasseq'] = None; " + (
    "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
)


@pytest.fixture
def version(model_folder: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return Path(shutil.copytree(model_folder / "1", tmp_path / "1"))


def run_script(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BARE, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_process_without_keras_and_kerasseq_finds_the_answers_unchanged(
    model_folder: Path,
) -> None:
    completed = run_script(model_folder / "1", "--json")
    assert completed.returncode == 0, completed.stderr
    found = json.loads(completed.stdout)
    assert found["requests"] == 6
    assert found["files"] == 5
    assert found["largest_difference"] <= 1e-5
    assert found["unlisted"] == []
    operations = {each["name"]: each for each in found["operations"]}
    assert operations["MatMul"]["oldest_serving"] == OLDEST
    assert not any(each["needs_tensorflow_text"] for each in operations.values())


def test_the_script_says_what_is_wrong_in_one_line_and_ends_with_2(version: Path) -> None:
    (version / "saved_model.pb").unlink()
    completed = run_script(version)
    assert completed.returncode == 2
    last = completed.stderr.splitlines()[-1]
    assert last == f"verify_export.py: '{version}' is damaged: saved_model.pb is missing."
    assert "Traceback" not in completed.stderr


def test_the_check_imports_tensorflow_late_and_nothing_of_ours() -> None:
    tree = ast.parse(Path(verification.__file__).read_text())
    at_the_top = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    anywhere = {
        (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {name.split(".")[0] for name in at_the_top if name} <= set(sys.stdlib_module_names)
    assert anywhere - set(sys.stdlib_module_names) == {"tensorflow", "tensorflow_text"}


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("saved_model.pb", truncate, r"saved_model.pb has 1000 of \d+ bytes"),
        ("variables/variables.data-00000-of-00001", flip, r"data-00000-of-00001 was changed"),
        ("variables", shutil.rmtree, r"variables.data.* is missing; .*variables.index is missing"),
        (verification.WARM_UP, Path.unlink, r"tf_serving_warmup_requests is missing"),
        (verification.CARD, Path.unlink, r"has no model_card.json: it is no version"),
        (verification.CARD, truncate, r"model_card.json' is damaged: "),
        (verification.CARD, lambda path: path.write_text("3"), r"is damaged: keys are missing"),
    ],
)
def test_a_damaged_version_is_an_error_that_names_the_file(
    version: Path, file: str, damage: Callable[[Path], None], message: str
) -> None:
    damage(version / file)
    with pytest.raises(ValueError, match=message):
        verify_export(version)


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no folder '.*/missing'\."):
        verify_export(tmp_path / "missing")


def change_card(version: Path, change: Callable[[dict], None]) -> None:
    path = version / verification.CARD
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


def test_another_answer_than_the_recorded_one_is_an_error(version: Path) -> None:
    def change(card: dict) -> None:
        card["warm_up"][0]["outputs"]["score"][0] += 0.5

    change_card(version, change)
    with pytest.raises(ValueError, match=r"`serving_default` answers another `score` to .*it's"):
        verify_export(version)


def test_an_answer_that_is_gone_is_an_error(version: Path) -> None:
    change_card(version, lambda card: card["warm_up"][0]["outputs"].update(more=[1]))
    with pytest.raises(ValueError, match=r"another `more` to .*: None, recorded \[1\]"):
        verify_export(version)


def test_a_file_that_the_card_does_not_know_is_named_and_no_error(version: Path) -> None:
    (version / "batching_params.pbtxt").write_text("")
    change_card(version, lambda card: card["warm_up"].clear())
    with pytest.raises(ValueError, match=r"holds 6 requests, not 0\."):
        verify_export(version)
    assert verification.check_files(version, verification.read_card(version)["files"]) == [
        "batching_params.pbtxt"
    ]


@pytest.mark.parametrize(
    ("expected", "received", "difference"),
    [
        (["a", "b"], ["a", "b"], 0.0),
        (["a"], ["b"], float("inf")),
        ([1.0, [2.0]], [1.0, [2.5]], 0.25),
        ([0.0], [0.5], 0.5),
        ([1.0], [1.0, 1.0], float("inf")),
        ([True, 3], [True, 3], 0.0),
        ([3], [4], float("inf")),
        ([], [], 0.0),
    ],
)
def test_answers_differ_by_a_number_or_altogether(
    expected: list, received: list, difference: float
) -> None:
    assert verification._difference(expected, received) == difference


def test_the_report_knows_where_an_op_comes_from() -> None:
    assert verification._operation("MatMul", 2) == Operation("MatMul", 2, False, "2.12")
    assert verification._operation("SegmentMaxV2", 1).oldest_serving == "2.20"
    assert verification._operation("NormalizeUTF8", 1) == ("NormalizeUTF8", 1, True, "2.12")
    assert verification._operation("TFText>Utf8Binarize", 1).oldest_serving == "2.20"
    assert verification._operation("TFText>SomethingNew", 1) == ("TFText>SomethingNew", 1, True, "")
    assert verification._operation("MyOwnOp", 1) == ("MyOwnOp", 1, False, "")


def test_the_table_names_every_op_of_tensorflow_text() -> None:
    pytest.importorskip("tensorflow_text")
    from tensorflow.python.framework import op_def_registry

    assert [name for name in TEXT_OPERATIONS if op_def_registry.get(name) is None] == []


def test_the_report_ends_with_the_oldest_server_that_links_all() -> None:
    operations = [Operation("MatMul", 3, False, "2.12"), Operation("A", 1, True, "2.20")]
    found = verification.Verification("x", 5, 6, 0.0, operations, ["extra"])
    lines = list(verification.describe(found))
    assert lines[0] == "x: 5 files as the card says."
    assert "Not in the card: extra" in lines
    assert lines[-1] == "Every op is linked by TF Serving 2.20 and newer."
    unknown = found._replace(operations=[*operations, Operation("Mine", 1, False, "")])
    assert list(verification.describe(unknown))[-1].split() == (
        ["Mine", "1", "-", "none", "links", "it"]
    )
