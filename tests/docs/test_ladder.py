"""The ladder's code builds each rung, and its page has what came out."""

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kerasseq

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "ladder.md"
SPECIFICATION = importlib.util.spec_from_file_location("make_ladder", DOCS / "make_ladder.py")
assert SPECIFICATION is not None
assert SPECIFICATION.loader is not None
LADDER: Any = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(LADDER)

CODE: dict[str, str] = LADDER.read_code(PAGE.read_text(encoding="utf-8"))
RUNGS = [name for name in CODE if name not in LADDER.SHARED]
# Attends or not, what the context is made by, and in which order.
BUILT = {
    "last_state": ("RecurrentDecoder", "initial_state", None),
    "transformed_state": ("RecurrentDecoder", "initial_state", None),
    "all_states": ("RecurrentDecoder", "initial_state", None),
    "every_step": ("RecurrentDecoder", "both", None),
    "dot": ("DotAttention", None, "luong"),
    "general": ("GeneralAttention", None, "luong"),
    "additive": ("AdditiveAttention", None, "luong"),
    "bahdanau": ("AdditiveAttention", None, "bahdanau"),
}


@pytest.fixture(scope="module")
def build() -> Callable[[str], Any]:
    """Runs the page's code up to the network, on two pairs and with few units."""
    pairs = kerasseq.data.Pairs(["a b", "b"], ["c d", "d"])
    start = re.sub(r"^train, valid, test = .*$", "", CODE["start"], flags=re.M)
    start = start.replace('"subword"', '"word"')

    def small(text: str) -> str:
        return re.sub(r"\b128\b", "8", re.sub(r"\b64\b", "4", text))

    def run(rung: str) -> Any:
        names: dict[str, Any] = {"train": pairs}
        for text in (start, CODE[rung], CODE["finish"]):
            exec(small(text), names)
        return names["network"]

    return run


def test_the_page_has_these_rungs() -> None:
    assert list(BUILT) == RUNGS
    assert len(re.findall(r"^## \d+\. ", PAGE.read_text(encoding="utf-8"), re.M)) == len(RUNGS)


@pytest.mark.parametrize("rung", RUNGS)
def test_each_rung_is_what_its_title_says(rung: str, build: Callable[[str], Any]) -> None:
    decoder = build(rung).decoder
    mechanism = getattr(decoder, "attention_mechanism", decoder)
    found = (
        type(mechanism).__name__,
        getattr(decoder, "context", None),
        getattr(decoder, "wiring", None),
    )
    assert found == BUILT[rung]


def test_results_are_filled_in_and_again_without_a_trace(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    result = {"bleu": 12.34, "chrf": 30.0, "parameters": 1234567, "epochs": 6, "seconds": 99.6}
    folder = tmp_path / "ladder"
    (folder / "dot").mkdir(parents=True)
    (folder / "dot" / "attention.png").touch()
    text = json.dumps({**result, "output": "Igår drack jag öl."})
    (folder / "dot" / "result.json").write_text(text, encoding="utf-8")
    filled = LADDER.fill(page, folder, RUNGS)
    row = "| 12.3 | 30.0 | 1,234,567 | 6 | 100 s |"
    assert f"| 5. Attention: the dot product {row}" in filled
    assert filled.count(row) == 2
    assert '"Yesterday I drank beer." becomes "Igår drack jag öl."' in filled
    assert "](ladder/dot/attention.png)" in filled
    assert "](ladder/dot/animation.gif)" not in filled  # no such file
    assert LADDER.fill(filled, folder, RUNGS) == filled
    assert LADDER.read_code(filled) == CODE


def test_what_the_page_shows_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", PAGE.read_text(encoding="utf-8"))
    assert [link for link in links if not (DOCS / link).is_file()] == []
