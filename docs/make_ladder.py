"""Trains the rungs of docs/ladder.md by the code on that page, and fills in what came out.

    python docs/make_ladder.py                 all rungs that have no result yet, minutes each
    python docs/make_ladder.py dot general     these two, anew

Numbers and pictures go into the folder `ladder/` beside the page.
"""

import argparse
import json
import os
import re
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from kerasseq import evaluation, translation, visualization

PAGE = Path(__file__).with_name("ladder.md")
SENTENCE = "Yesterday I drank beer."
SHARED = ("start", "finish", "train")
BEGIN, END = "<!-- results: {} -->\n", "<!-- end of results -->"
ROW = "| {bleu:.1f} | {chrf:.1f} | {parameters:,} | {epochs} | {seconds:.0f} s |"
HEAD = "test BLEU | chrF | weights | epochs | training, CPU time"
PICTURES = {
    "animation.gif": "the network translates, token by token",
    "attention.png": "the attention map",
    "steps.png": "the attention, step by step",
    "tree.png": "the beam search",
    "lengths.png": "score and BLEU by the length of the source",
}


def read_code(page: str) -> dict[str, str]:
    """The page's blocks of code by name, in order."""
    return dict(re.findall(r"<!-- code: (\w+) -->\n```python\n(.*?)```", page, re.S))


def train(code: dict[str, str], rung: str, epochs: int | None, pairs: int | None) -> dict[str, Any]:
    """Runs the page's code of one rung; returns all the names that it defines."""
    names: dict[str, Any] = {}
    for name in ("start", rung, "finish", "train"):
        text = code[name]
        if epochs is not None:
            text = re.sub(r"^epochs = \d+", f"epochs = {epochs}", text, flags=re.M)
        started = time.process_time()
        exec(compile(text, f"<{name} of the ladder>", "exec"), names)
        names["seconds"] = time.process_time() - started
        if name == "start" and pairs is not None:
            names["train"], names["test"] = names["train"][:pairs], names["test"][:pairs]
    return names


def report(names: dict[str, Any], folder: Path, is_last: bool) -> None:
    """Writes the numbers and the pictures of a trained rung; the last one has more of them."""
    translator, test = names["translator"], names["test"]
    translations = translator(test.sources)
    outputs = [each.text for each in translations]
    values = evaluation.evaluate(outputs, test.references, ["bleu", "chrf"]).values
    bleu = evaluation.get_metric("bleu")
    lengths = visualization.plot_lengths(
        [len(each.source_tokens) for each in translations],
        [each.score for each in translations],
        {"BLEU": lambda at: bleu([outputs[i] for i in at], [test.references[i] for i in at])},
    )
    visualization.save_figure(lengths, folder / "lengths.png")
    trace = translation.trace(translator, SENTENCE)
    for suffix in ("gif", "html"):
        visualization.save_animation(trace, folder / f"animation.{suffix}")
    if trace.scores.shape[1]:
        each = (trace.attention_weights.mean(axis=1), trace.source_tokens, trace.target_tokens)
        for name in ("attention", "steps") if is_last else ("attention",):
            draw = getattr(visualization, f"plot_{name}")
            visualization.save_figure(draw(*each, title=trace.text), folder / f"{name}.png")
    if is_last:
        tree = visualization.plot_beam_tree(translation.trace_beams(translator, SENTENCE), SENTENCE)
        visualization.save_figure(tree, folder / "tree.png")
    result = {**values, "output": trace.text, "parameters": names["network"].count_params()}
    result |= {"epochs": names["epochs"], "seconds": names["seconds"]}
    (folder / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def fill(page: str, folder: Path, rungs: list[str]) -> str:
    """Returns the page with the results that are there, and with room for those that are not."""
    summary = [f"| rung | {HEAD} |", "|---|---|---|---|---|---|"]
    titles = re.findall(r"^## (\d+\. .*)$", page, re.M)
    for rung, title in zip(rungs, titles, strict=True):
        lines = ["", "*Not trained yet.*", ""]
        if (folder / rung / "result.json").is_file():
            result = json.loads((folder / rung / "result.json").read_text(encoding="utf-8"))
            row = ROW.format(**result)
            summary.append(f"| {title} {row}")
            lines = ["", f"| {HEAD} |", "|---|---|---|---|---|", row, ""]
            lines += [f'"{SENTENCE}" becomes "{result["output"]}"', ""]
            for name, what in PICTURES.items():
                if (folder / rung / name).is_file():
                    lines += [f"![{title}: {what}]({folder.name}/{rung}/{name})", ""]
            address = f"{folder.name}/{rung}/animation.html"
            lines += [f"[The animation as a page to step through]({address})", ""]
        page = replace(page, rung, lines)
    return replace(page, "summary", ["", *summary, ""])


def replace(page: str, name: str, lines: list[str]) -> str:
    """Returns the page with other lines in one of its places for results."""
    before, begin, rest = page.partition(BEGIN.format(name))
    return before + begin + "\n".join(lines) + "\n" + END + rest.partition(END)[2]


def main() -> None:
    """Trains what is asked for, or what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rungs", nargs="*", metavar="RUNG", help="those without a result if none")
    parser.add_argument("--page", type=Path, default=PAGE, help="docs/ladder.md if not given")
    parser.add_argument("--epochs", type=int, help="in place of the page's")
    parser.add_argument("--pairs", type=int, help="train and test on so many pairs only")
    options = parser.parse_args()
    code = read_code(options.page.read_text(encoding="utf-8"))
    every = [name for name in code if name not in SHARED]
    folder = options.page.parent / "ladder"
    missing = [rung for rung in every if not (folder / rung / "result.json").is_file()]
    for rung in [*(options.rungs or missing), None]:
        if rung is not None:
            (folder / rung).mkdir(parents=True, exist_ok=True)
            report(
                train(code, rung, options.epochs, options.pairs), folder / rung, rung == every[-1]
            )
        page = fill(options.page.read_text(encoding="utf-8"), folder, every)
        options.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
