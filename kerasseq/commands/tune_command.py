"""`kerasseq tune`: pairs and a space -> the best configuration."""

import importlib.util
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasseq import checks
from kerasseq.commands.config_flags import ConfigParser, value_of
from kerasseq.commands.loading import load_tensorflow
from kerasseq.commands.process import UsageError, run
from kerasseq.commands.supervision import supervise
from kerasseq.commands.train_command import check_data
from kerasseq.commands.trial_table import TrialTable
from kerasseq.experiments import ExperimentConfig
from kerasseq.experiments.yaml_text import load_yaml
from kerasseq.tuning.parameter_text import parse_parameter
from kerasseq.tuning.search_space import SearchSpace

if TYPE_CHECKING:
    from kerasseq.tuning import TuningResult

USAGE = """kerasseq tune --data.train FILE --data.valid FILE --max_trials N --output DIR
       kerasseq tune --config YAML --max_minutes M --output DIR [--FLAG VALUE ...]"""
DESCRIPTION = """Searches for the best configuration, and shows each trial when it ends: --output
then holds best.yaml (for kerasseq train --config), trials.csv, trials.png and a run folder for each
trial. A trial that fails is told with its reason, and the search goes on. The same command on the
same folder goes on where a killed search stood. Every field of the configuration has a flag: it
holds where the space does not search that field."""

PACKAGES = {"keras_tuner": "keras-tuner", "tensorboard": "tensorboard"}
BAYESIAN_PACKAGES = {"scipy": "scipy", "sklearn": "scikit-learn"}
SUPERVISED = "--supervised"
# What these log of each run would bury the table.
QUIET = tuple(f"kerasseq.{room}" for room in ("data", "experiments", "text", "training"))
# Which finds it odd that each trial has a graph of its own.
TENSORFLOW = "tensorflow"


def tune(arguments: Sequence[str] | None = None) -> int:
    """Searches for the best configuration.

    Args:
        arguments: what stands after the command's name; `None` takes those of the process.

    Returns:
        The exit code.
    """
    return run("tune", _tune, arguments)


def _supervised(arguments: Sequence[str], output: str) -> None:
    others = [argument for argument in arguments if argument != SUPERVISED]
    code = supervise(["-P", "-m", "kerasseq", "tune", *others], output)
    if code:  # what is to be said of it has been said
        raise SystemExit(code)


def _tune(arguments: Sequence[str]) -> None:
    file = value_of("--config", list(arguments))
    config = ExperimentConfig() if file is None else ExperimentConfig.read(file)
    parser = _parser(config)
    values = parser.parse_args(list(arguments))
    config = parser.config(values)
    check_data(config.data)
    space = read_space(values.space, values.set or [])
    _check_budget(values)
    _check_installed(values.algorithm)
    if values.supervised:
        _supervised(arguments, values.output)
        return
    load_tensorflow()
    from kerasseq import tuning

    objective = values.objective or config.training.monitor
    table = TrialTable(values.output, objective, tuning.get_objective(objective).direction)
    budget = tuning.Budget(values.max_trials, _seconds(values.max_minutes), values.max_tokens)
    options = {} if values.options is None else _options(values.options)
    levels = _quieten(not values.verbose)
    try:
        result = tuning.tune(
            *(config, values.output, budget, space, values.algorithm, objective),
            options=options,
            listener=table,
        )
    finally:
        table.close()
        for logger, level in levels.items():
            logger.setLevel(level)
    _print(result)


def _parser(config: ExperimentConfig) -> ConfigParser:
    parser = ConfigParser("tune", USAGE, DESCRIPTION, config, {"training.threads": "threads"})
    group = parser.add_argument_group("the search for a configuration")
    flags: dict[str, dict[str, Any]] = {
        "--config": {"metavar": "YAML", "help": "what holds for all that is not searched"},
        "--output": {"required": True, "metavar": "DIR", "help": "the search's folder"},
        "--space": {
            "default": "small_data",
            "help": "what is searched: small_data, full, training, or a YAML file",
        },
        "--set": {
            "action": "append",
            "metavar": "FIELD=YAML",
            "help": "change the space: model.cell=gru fixes, model.cell=[gru,lstm] chooses, "
            "'model.dropout={minimum: 0.1, maximum: 0.5}' draws; may stand often",
        },
        "--algorithm": {
            "default": "random",
            "help": "random, hyperband or bayesian",
        },
        "--options": {"metavar": "YAML", "help": "of the algorithm, such as '{factor: 4}'"},
        "--objective": {"help": "what to make better, such as val_chrf (training.monitor)"},
        "--max_trials": {"type": int, "metavar": "N", "help": "trials, failed ones included"},
        "--max_minutes": {"type": float, "metavar": "M", "help": "wall time"},
        "--max_tokens": {"type": int, "metavar": "N", "help": "target tokens to train on"},
        SUPERVISED: {
            "action": "store_true",
            "help": "search in another process, and start it again when it is killed or crashes, "
            "as out of memory: the trial that it ran has failed",
        },
        "--verbose": {"action": "store_true", "help": "log what each run logs"},
    }
    for flag, options in flags.items():
        group.add_argument(flag, **options)
    return parser


def read_space(name: str, changes: Sequence[str]) -> SearchSpace:
    """Returns the space that a command line asks for.

    Args:
        name: of a space, or a YAML file.
        changes: `field=value`, the value as YAML.

    Raises:
        UsageError: if a change is none.
        ValueError: if a field or a value is none.
    """
    space = SearchSpace.read(name)
    parameters = dict(space)
    for change in changes:
        field, equals, value = change.partition("=")
        if not equals:
            raise UsageError(f"--set must be FIELD=VALUE. Received: {change!r}.")
        parameters[field.strip()] = parse_parameter(field.strip(), load_yaml(value))
    return SearchSpace(parameters)


def _options(text: str) -> dict[str, Any]:
    options = load_yaml(text)
    if not isinstance(options, dict):
        raise UsageError(f"--options must be a mapping, such as '{{factor: 4}}'. Received: {text}.")
    return options


def _check_budget(values: Any) -> None:
    """Before TensorFlow is loaded, and in the words of the command line."""
    if (values.max_trials, values.max_minutes, values.max_tokens) == (None, None, None):
        raise UsageError("a search needs a limit: --max_trials, --max_minutes or --max_tokens.")
    for name in ("max_trials", "max_tokens"):
        if getattr(values, name) is not None:
            checks.check_positive_integer(f"--{name}", getattr(values, name))
    if values.max_minutes is not None:
        checks.check_positive("--max_minutes", values.max_minutes)
    checks.check_folder("--output", values.output)


def _check_installed(algorithm: str) -> None:
    needed = PACKAGES | (BAYESIAN_PACKAGES if algorithm == "bayesian" else {})
    missing = [name for module, name in needed.items() if not importlib.util.find_spec(module)]
    if missing:
        raise UsageError(
            f"a search needs {', '.join(missing)}: install it with `pip install 'kerasseq[tune]'`."
        )


def _seconds(minutes: float | None) -> float | None:
    return None if minutes is None else 60.0 * minutes


def _quieten(quiet: bool) -> dict[logging.Logger, int]:
    """Hides what each run logs, but for errors; returns the levels as they were."""
    names = [TENSORFLOW, *(QUIET if quiet else ())]
    loggers = [logging.getLogger(name) for name in names]
    levels = {logger: logger.level for logger in loggers}
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    return levels


def _print(result: "TuningResult") -> None:
    best, folder = result.best, Path(result.folder)
    failed = sum(record.status == "failed" for record in result.trials)
    print(
        f"\n{len(result.trials)} trials, {failed} of them failed. The best is {best.trial_id}: "
        f"{result.objective} {best.metrics[result.objective]:.4g}"
    )
    print(f"Its translator is {folder / 'trials' / best.trial_id / 'model.keras'}")
    print(f"Its configuration is {folder / 'best.yaml'}: kerasseq train --config takes it")
