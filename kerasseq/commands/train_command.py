"""`kerasseq train`: a configuration -> a trained, evaluated translator in a run folder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerasseq.commands.attention_images import attention_images
from kerasseq.commands.config_flags import ConfigParser, value_of
from kerasseq.commands.loading import load_tensorflow
from kerasseq.commands.process import UsageError, run
from kerasseq.experiments import DataConfig, ExperimentConfig

if TYPE_CHECKING:
    from kerasseq.experiments import Run

USAGE = """kerasseq train --data.train FILE --data.valid FILE [--data.test FILE] --output DIR
       kerasseq train --config YAML --output DIR [--FLAG VALUE ...]"""
DESCRIPTION = """Trains a translator, evaluates it and saves it: --output then holds config.yaml,
environment.json, history.csv, samples.txt, model.keras and report.json. Every field of the
configuration has a flag; flags win over the file, wherever they stand. The same command on the
same folder goes on where a killed run stood."""


def train(arguments: Sequence[str] | None = None) -> int:
    """Trains a translator, evaluates it and saves it.

    Args:
        arguments: what stands after the command's name; `None` takes those of the process.

    Returns:
        The exit code.
    """
    return run("train", _train, arguments)


def _train(arguments: Sequence[str]) -> None:
    file = value_of("--config", list(arguments))
    config = ExperimentConfig() if file is None else ExperimentConfig.read(file)
    short = {"training.threads": "threads"}
    parser = ConfigParser("train", USAGE, DESCRIPTION, config, short)
    parser.add_argument(
        "--config", metavar="YAML", help="a configuration file, or the name of a recipe"
    )
    parser.add_argument("--output", required=True, metavar="DIR", help="the run's folder")
    parser.add_argument(
        "--accept_changes",
        action="store_true",
        help="go on with the run in --output, finished or not, with other epochs, learning rate, "
        "clipping, patience and the like",
    )
    values = parser.parse_args(list(arguments))
    config = parser.config(values)
    check_data(config.data)
    load_tensorflow()
    from kerasseq import experiments

    images = attention_images(values.output, config.training.evaluate_every)
    _print(
        experiments.train(
            config, values.output, callbacks=images, accept_changes=values.accept_changes
        )
    )


def check_data(data: DataConfig) -> None:
    """Raises unless there is data, before TensorFlow is loaded, in the command line's words.

    Args:
        data: where the pairs come from.

    Raises:
        UsageError: if nothing, or too much, is named.
    """
    if data.sample is None and data.train is None:
        raise UsageError(
            "there is nothing to train on: name files with --data.train and --data.valid, "
            "or a shipped sample with --data.sample tatoeba_eng_swe."
        )
    if data.sample is not None and data.train is not None:
        raise UsageError(
            f"--data.train {data.train} and the sample {data.sample} exclude each other; "
            "--data.sample null leaves out the sample that a recipe names."
        )
    if data.sample is None and data.valid is None:
        raise UsageError("--data.valid must name held-out pairs, to choose and to stop by.")


def _print(ended: "Run") -> None:
    report = ended.report
    signatures = report["signature"]
    print(f"{report['sentences']:,} sentences of the {report['split']} split:")
    width = max(len(name) for name in signatures)
    for name, signature in signatures.items():
        print(f"  {name:{width}}  {report[name]:6.2f}  {signature}")
    print(f"The translator is {ended.folder}/model.keras")
