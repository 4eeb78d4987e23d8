import numpy as np
import pytest

from kerasseq.evaluation import METRICS, Metric

HYPOTHESES = ["the cat sat on the mat", "a dog", "", "nothing alike here"]
REFERENCES = [["the cat sat on a mat"], ["a dog", "the dog"], ["an empty one"], ["so it is"]]


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_value_comes_from_summed_statistics(name: str) -> None:
    metric = METRICS[name]()
    statistics = metric.statistics(HYPOTHESES, REFERENCES)
    assert statistics.shape[0] == 4
    assert statistics.dtype == np.float64
    both = metric.values(np.stack([statistics.sum(axis=0), statistics[0]]))
    assert both.tolist() == pytest.approx(
        [metric(HYPOTHESES, REFERENCES), metric(HYPOTHESES[:1], REFERENCES[:1])]
    )


@pytest.mark.parametrize("name", sorted(METRICS))
def test_order_changes_nothing(name: str) -> None:
    metric = METRICS[name]()
    assert metric(HYPOTHESES[::-1], REFERENCES[::-1]) == metric(HYPOTHESES, REFERENCES)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_perfect_corpus_stands_at_the_good_end(name: str) -> None:
    metric = METRICS[name]()
    perfect = [entry[0] for entry in REFERENCES]
    assert metric(perfect, REFERENCES) == pytest.approx(100.0 if metric.higher_is_better else 0.0)


def test_the_contract_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Metric()  # type: ignore[abstract]
