import re
from typing import Any

import pytest

from kerasseq.evaluation import BLEU, CHRF, METRICS, get_metric
from kerasseq.evaluation.metrics import get_metrics


def test_names_and_directions() -> None:
    assert {name: metric.higher_is_better for name, metric in METRICS.items()} == {
        "bleu": True,
        "chrf": True,
        "exact_match": True,
        "sequence_error_rate": False,
        "phoneme_error_rate": False,
        "word_error_rate": False,
        "character_error_rate": False,
    }


def test_a_metric_is_chosen_by_name_config_or_object() -> None:
    assert get_metric("bleu") == BLEU()
    assert get_metric({"name": "bleu", "lowercase": True}) == BLEU(lowercase=True)
    chosen = CHRF(word_order=2)
    assert get_metric(chosen) is chosen


def test_reading_a_config_leaves_it_as_it_was() -> None:
    config = {"name": "chrf", "word_order": 2}
    get_metric(config)
    assert config == {"name": "chrf", "word_order": 2}


def test_labels_are_names_or_the_callers() -> None:
    assert get_metrics(["bleu", CHRF()]) == {"bleu": BLEU(), "chrf": CHRF()}
    labelled = get_metrics({"bleu": "bleu", "lower": {"name": "bleu", "lowercase": True}})
    assert labelled == {"bleu": BLEU(), "lower": BLEU(lowercase=True)}


@pytest.mark.parametrize(
    "unknown", ["blue", {"name": "blue"}, {"name": ["bleu"]}, {"lowercase": True}, 3]
)
def test_an_unknown_metric_is_told_the_names(unknown: Any) -> None:
    message = (
        "`metric` must be one of 'bleu', 'character_error_rate', 'chrf', 'exact_match', "
        "'phoneme_error_rate', 'sequence_error_rate', 'word_error_rate', a config of one, "
        f"or an object of that family. Received: {unknown!r}."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        get_metric(unknown)


@pytest.mark.parametrize(
    ("metrics", "kind", "message"),
    [
        ("bleu", TypeError, "`metrics` must be a list of metrics. Received: 'bleu'."),
        ([], ValueError, "`metrics` must hold at least one metric. Received: []."),
        ({}, ValueError, "`metrics` must hold at least one metric. Received: {}."),
        (["chrf", "wer"], ValueError, "`metrics[1]` must be one of 'bleu', "),
        ({"x": "wer"}, ValueError, "`metrics['x']` must be one of 'bleu', "),
        (
            ["bleu", BLEU(lowercase=True)],
            ValueError,
            "`metrics` must not hold a metric twice. Received: ['bleu', 'bleu']. "
            "Give two sets of options labels",
        ),
    ],
)
def test_messages(metrics: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        get_metrics(metrics)


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError, match="tokeniser"):
        get_metric({"name": "bleu", "tokeniser": "13a"})
