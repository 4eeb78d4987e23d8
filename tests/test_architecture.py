"""Reads the source of every file and holds who may import what, and how long a file may be."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kerasseq"

# What every room may import of ours, and what holds the rooms together.
FREE = {"typing", "checks", "serialization", "lazy", "files"}
FRAME = {"", "__main__", *FREE}

# Each room, and the other rooms that it may import.
ROOMS: dict[str, set[str]] = {
    "text": set(),
    "data": {"text"},
    "layers": set(),
    "models": {"layers"},
    "training": set(),
    "search": set(),
    "evaluation": set(),
    "translation": {"text", "models", "search", "evaluation"},
    "serving": {"translation", "text", "models", "search", "evaluation"},
    "visualization": set(),
}
ROOMS["experiments"] = set(ROOMS) - {"serving", "visualization"}
ROOMS["tuning"] = ROOMS["experiments"] | {"experiments"}
ROOMS["benchmarking"] = ROOMS["experiments"] | {"experiments"}
ROOMS["commands"] = set(ROOMS)

# `Translator.export` hands itself to the serving room, which it must not need to be imported.
LATE_ROOMS: dict[str, set[str]] = {"translation": {"serving"}}

# Third-party modules, and the rooms that may import them. `keras.ops` keeps layers, training and
# search open to every backend; evaluation and visualization need no Keras at all.
WITH_KERAS = set(ROOMS) - {"evaluation", "visualization"}
WITH_TENSORFLOW = WITH_KERAS - {"layers", "models", "training", "search"}
THIRD_PARTY: dict[str, set[str]] = {
    "keras": WITH_KERAS | {"serialization"},
    "tensorflow": WITH_TENSORFLOW,
    "tensorflow_text": {"text", "serving"},
    "sentencepiece": {"text"},
    "sacrebleu": {"evaluation"},
    "matplotlib": {"visualization"},
    "keras_tuner": {"tuning"},
    "jsonargparse": {"experiments", "tuning", "benchmarking", "commands"},
    "yaml": {"experiments", "tuning", "benchmarking", "commands"},
    "tqdm": {"training", "experiments", "tuning", "benchmarking", "commands"},
    "numpy": set(ROOMS),
    "wrapt": {""},
}
# These cost time or are missing on some systems: imported inside the function that needs them.
LATE = {"matplotlib", "tensorflow_text", "sentencepiece"}

# The stated exceptions: the loop of each backend, TensorFlow's kernels that save a pass over
# memory (each with its `keras.ops` form beside it), and Keras' private graph attributes.
BACKEND_FILES = {PACKAGE / "layers/recurrence.py", PACKAGE / "training/tensorflow_kernels.py"}
BACKEND_MODULES = {"tensorflow", "jax"}
GRAPH_ATTRIBUTES = re.compile(
    r"_keras_\w+|_(inbound|outbound)_nodes|_nodes(_by_depth)?|_operations"
)


class Import(NamedTuple):
    """One imported module: dotted name, line, and whether it stands inside a function."""

    module: str
    line: int
    late: bool


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


PACKAGE_FILES = sources(PACKAGE)
ALL_FILES = [*PACKAGE_FILES, *sources(ROOT / "scripts"), *sources(ROOT / "tests")]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


each_package_file = pytest.mark.parametrize("path", PACKAGE_FILES, ids=name_of)
each_file = pytest.mark.parametrize("path", ALL_FILES, ids=name_of)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(path: Path) -> str:
    """The room that a file of the package stands in; "" for the package's own `__init__.py`."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imports_of(node: ast.AST, late: bool = False) -> Iterator[Import]:
    """Walks the imports below `node`; a name taken from a package counts as its module."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, late) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = "." * child.level + (child.module or "")
            yield from (Import(f"{base}.{alias.name}", child.lineno, late) for alias in child.names)
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from imports_of(child, late or is_function)


def attributes_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Each dotted name in the code, such as `keras.src.layers`, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node), node.lineno


def test_every_folder_of_the_package_is_a_room_of_the_table() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert folders <= set(ROOMS)
    assert modules <= FRAME


@each_package_file
def test_a_room_imports_only_the_rooms_the_table_allows(path: Path) -> None:
    room = room_of(path)
    allowed = {room, *FREE, *ROOMS.get(room, set())}
    if room in ("", "__main__"):
        allowed = {*FREE, *ROOMS}
    late = allowed | LATE_ROOMS.get(room, set())
    found = [(*item[:2], late if item.late else allowed) for item in imports_of(parse(path))]
    found += [(*pair, allowed) for pair in attributes_of(parse(path))]
    wrong = [
        f"{name_of(path)}:{line} {module}"
        for module, line, rooms in found
        if module.startswith("kerasseq.")
        and module.split(".")[1] not in rooms
        and not module.split(".")[1].startswith("__")
    ]
    assert wrong == []


@each_package_file
def test_an_import_names_its_room_in_full(path: Path) -> None:
    relative = [item for item in imports_of(parse(path)) if item.module.startswith(".")]
    assert relative == []


@each_package_file
def test_third_party_modules_stay_in_their_rooms(path: Path) -> None:
    room = room_of(path)
    wrong = []
    for item in imports_of(parse(path)):
        module = item.module.split(".")[0]
        if module in sys.stdlib_module_names or module == "kerasseq":
            continue
        if path in BACKEND_FILES and module in BACKEND_MODULES:
            continue
        if room not in THIRD_PARTY.get(module, set()):
            wrong.append(f"{name_of(path)}:{item.line} {item.module}")
    assert wrong == []


@each_package_file
def test_costly_modules_are_imported_late(path: Path) -> None:
    wrong = [
        f"{name_of(path)}:{item.line} {item.module}"
        for item in imports_of(parse(path))
        if item.module.split(".")[0] in LATE and not item.late
    ]
    assert wrong == []


@each_file
def test_keras_src_is_read_nowhere(path: Path) -> None:
    tree = parse(path)
    names = [(item.module, item.line) for item in imports_of(tree)] + list(attributes_of(tree))
    wrong = [
        f"{name_of(path)}:{line} {name}" for name, line in names if name.startswith("keras.src")
    ]
    assert wrong == []


def test_private_graph_attributes_of_keras_stand_in_one_file_of_models() -> None:
    readers = set()
    for path in PACKAGE_FILES:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Attribute):
                name: object = node.attr
            else:  # as in `getattr(tensor, "_keras_history")`
                name = node.value if isinstance(node, ast.Constant) else None
            if isinstance(name, str) and GRAPH_ATTRIBUTES.fullmatch(name):
                readers.add(path)
    assert len(readers) <= 1
    assert all(path.parent == PACKAGE / "models" for path in readers)


@pytest.mark.parametrize("path", sources(ROOT / "scripts"), ids=name_of)
def test_a_script_imports_only_kerasseq_and_is_thin(path: Path) -> None:
    modules = {item.module.split(".")[0] for item in imports_of(parse(path))}
    assert modules - set(sys.stdlib_module_names) <= {"kerasseq"}
    assert len(path.read_text(encoding="utf-8").splitlines()) < 120


@each_file
def test_a_file_has_at_most_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@each_package_file
def test_a_function_has_at_most_50_lines_of_code(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    wrong = []
    for node in ast.walk(parse(path)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        start = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0].lineno
        body = [line.strip() for line in lines[start - 1 : node.end_lineno]]
        if sum(bool(line) and not line.startswith("#") for line in body) > 50:
            wrong.append(f"{name_of(path)}:{node.lineno} {node.name}")
    assert wrong == []


def test_there_is_no_drawer_of_utilities() -> None:
    names = {path.stem for path in ALL_FILES} | {path.parent.name for path in ALL_FILES}
    assert names.isdisjoint({"utils", "util", "helpers", "misc", "common"})


@each_package_file
def test_the_library_never_asserts_and_only_commands_print(path: Path) -> None:
    wrong = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Assert):
            wrong.append(f"{name_of(path)}:{node.lineno} assert")
        elif isinstance(node, ast.Name) and node.id == "print" and room_of(path) != "commands":
            wrong.append(f"{name_of(path)}:{node.lineno} print")
    assert wrong == []


@each_file
def test_a_todo_names_its_issue(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    marker = "TO" + "DO"
    assert re.findall(rf"{marker}(?!\(#\d+\)).*", text) == []
