import dataclasses
import json
import subprocess
import sys

import pytest

from kerasseq.evaluation import BLEU, METRICS, evaluate
from kerasseq.evaluation.metrics import Identifier


def test_a_report_holds_values_signatures_and_count() -> None:
    report = evaluate(["a b c d", "e"], [["a b c d"], ["f", "g"]], ["exact_match", "bleu"])
    assert report.count == 2
    assert list(report.values) == ["exact_match", "bleu"]
    assert report.values["exact_match"] == 50.0
    assert report.values["bleu"] == BLEU()(["a b c d", "e"], [["a b c d"], ["f", "g"]])
    assert report.signatures["bleu"].startswith("nrefs:var|case:mixed|")


def test_the_default_metrics_are_bleu_chrf_and_exact_match() -> None:
    report = evaluate(["Hej då, vi ses!"], ["Hej då, vi ses!"])
    expected = {"bleu": 100.0, "chrf": 100.0, "exact_match": 100.0}
    assert dict(report.values) == pytest.approx(expected)


def test_every_metric_of_the_family_can_be_asked_for() -> None:
    report = evaluate(["K AE T"], [["K AE T", "K AH T"]], list(METRICS))
    assert set(report.values) == set(report.signatures) == set(METRICS)


def test_one_metric_with_two_sets_of_options_has_two_labels() -> None:
    metrics: dict[str, Identifier] = {"cased": "bleu", "lower": {"name": "bleu", "lowercase": True}}
    report = evaluate(["A b c d"], ["a b c d"], metrics)
    assert report.values["cased"] < report.values["lower"] == pytest.approx(100.0)


def test_a_dict_survives_json() -> None:
    report = evaluate(["a"], ["b"])
    assert json.loads(json.dumps(report.to_dict())) == {
        "values": dict(report.values),
        "signatures": dict(report.signatures),
        "count": 1,
    }


def test_a_report_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        evaluate(["a"], ["b"], ["exact_match"]).count = 2  # type: ignore[misc]


def test_messages_reach_the_user() -> None:
    with pytest.raises(ValueError, match=r"Received: 1 hypotheses, 2 references\."):
        evaluate(["a"], ["b", "c"])
    with pytest.raises(TypeError, match=r"`hypotheses` must be a list of strings\. Received: 'a'"):
        evaluate("a", ["b"])


def test_neither_tensorflow_keras_nor_sacrebleu_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, kerasseq.evaluation as evaluation\n"
        "assert 'sacrebleu' not in sys.modules\n"
        "evaluation.evaluate(['a'], ['b'])\n"
        "assert not {'keras', 'tensorflow', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
