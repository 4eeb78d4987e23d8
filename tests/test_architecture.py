"""Reads the source of every file and holds who may import what, and how long a file may be."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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

# Names that the package itself offers, and the room they come from.
TOP_NAMES = {"Translator": "translation", "Translation": "translation"}
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
    "PIL": {"visualization"},
    "tensorboard": {"training"},
    "keras_tuner": {"tuning"},
    "jsonargparse": {"experiments", "tuning", "benchmarking", "commands"},
    "yaml": {"experiments", "tuning", "benchmarking", "commands"},
    "tqdm": {"training", "experiments", "tuning", "benchmarking", "commands"},
    "numpy": set(ROOMS),
    "wrapt": {""},
}
# These cost time or are missing on some systems: imported inside the function that needs them.
LATE = {"matplotlib", "PIL", "tensorboard", "tensorflow_text", "sentencepiece"}

# The stated exceptions: the loop of each backend, TensorFlow's kernels that save a pass over
# memory or a dozen operations a step (each with its `keras.ops` form beside it), and Keras'
# private graph attributes.
BACKEND_FILES = {
    PACKAGE / "layers/hand_gradients.py",
    PACKAGE / "layers/loop_products.py",
    PACKAGE / "layers/recurrence.py",
    PACKAGE / "search/gathering.py",
    PACKAGE / "training/tensorflow_kernels.py",
}
BACKEND_MODULES = {"tensorflow", "jax"}
GRAPH_ATTRIBUTES = re.compile(
    r"_keras_\w+|_(inbound|outbound)_nodes|_nodes(_by_depth)?|_operations"
)


class Import(NamedTuple):
    """One imported module: dotted name, line, and whether it stands inside a function."""

    module: str
    line: int
    late: bool


class Source:
    """One file: what it is called, which room it stands in, and what its code says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.relative_to(ROOT).as_posix()
        text = path.read_text(encoding="utf-8")
        self.lines = text.removesuffix("\n").split("\n")
        self.tree = ast.parse(text)
        self.imports = list(imports_of(self.tree))
        self.attributes = [  # dotted names in the code, such as `keras.src.layers`
            (ast.unparse(node), node.lineno)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Attribute)
        ]

    @property
    def room(self) -> str:
        """The room, or the module beside the rooms; "" for the package's `__init__.py`."""
        first = self.path.relative_to(PACKAGE).parts[0].removesuffix(".py")
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


def sources(folder: Path) -> list[Source]:
    return [Source(path) for path in sorted(folder.rglob("*.py"))]


PACKAGE_SOURCES = sources(PACKAGE)
SCRIPT_SOURCES = sources(ROOT / "scripts")
ALL_SOURCES = [*PACKAGE_SOURCES, *SCRIPT_SOURCES, *sources(ROOT / "tests")]


def test_every_folder_of_the_package_is_a_room_of_the_table() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert folders <= set(ROOMS)
    assert modules <= FRAME


def allowed_rooms(source: Source, late: bool) -> set[str]:
    if source.room in ("", "__main__"):
        return FREE | set(ROOMS)
    allowed = {source.room, *FREE, *ROOMS.get(source.room, set())}
    return allowed | LATE_ROOMS.get(source.room, set()) if late else allowed


def test_a_room_imports_only_the_rooms_the_table_allows() -> None:
    wrong = []
    for source in PACKAGE_SOURCES:
        # `import kerasseq` alone says nothing: what is read of it does.
        read = [Import(name, line, late=False) for name, line in source.attributes]
        for item in [*source.imports, *read]:
            package, _, rest = item.module.partition(".")
            room = TOP_NAMES.get(rest.split(".")[0], rest.split(".")[0])
            is_module = package == "kerasseq" and room != "" and not room.startswith("__")
            if is_module and room not in allowed_rooms(source, item.late):
                wrong.append(f"{source.name}:{item.line} {item.module}")
    assert not wrong, "\n".join(wrong)


def test_an_import_names_its_room_in_full() -> None:
    wrong = [
        f"{source.name}:{item.line} {item.module}"
        for source in PACKAGE_SOURCES
        for item in source.imports
        if item.module.startswith(".")
    ]
    assert not wrong, "\n".join(wrong)


def test_third_party_modules_stay_in_their_rooms() -> None:
    wrong = []
    for source in PACKAGE_SOURCES:
        exceptions = BACKEND_MODULES if source.path in BACKEND_FILES else set()
        for item in source.imports:
            module = item.module.split(".")[0]
            known = module in sys.stdlib_module_names or module in {"kerasseq", *exceptions}
            if not known and source.room not in THIRD_PARTY.get(module, set()):
                wrong.append(f"{source.name}:{item.line} {item.module}")
    assert not wrong, "\n".join(wrong)


def test_costly_modules_are_imported_late() -> None:
    wrong = [
        f"{source.name}:{item.line} {item.module}"
        for source in PACKAGE_SOURCES
        for item in source.imports
        if item.module.split(".")[0] in LATE and not item.late
    ]
    assert not wrong, "\n".join(wrong)


def test_keras_src_is_read_nowhere() -> None:
    wrong = [
        f"{source.name}:{line} {name}"
        for source in ALL_SOURCES
        for name, line in [*(item[:2] for item in source.imports), *source.attributes]
        if f"{name}.".startswith("keras.src.")
    ]
    assert not wrong, "\n".join(wrong)


def test_private_graph_attributes_of_keras_stand_in_one_file_of_models() -> None:
    readers = set()
    for source in PACKAGE_SOURCES:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute):
                name: object = node.attr
            else:  # as in `getattr(tensor, "_keras_history")`
                name = node.value if isinstance(node, ast.Constant) else None
            if isinstance(name, str) and GRAPH_ATTRIBUTES.fullmatch(name):
                readers.add(source.path)
    assert len(readers) <= 1
    assert all(path.parent == PACKAGE / "models" for path in readers)


def test_a_script_imports_only_kerasseq_and_is_thin() -> None:
    for source in SCRIPT_SOURCES:
        modules = {item.module.split(".")[0] for item in source.imports}
        assert modules - set(sys.stdlib_module_names) <= {"kerasseq"}, source.name
        assert len(source.lines) < 120, source.name


def test_a_file_has_at_most_400_lines() -> None:
    assert [source.name for source in ALL_SOURCES if len(source.lines) > 400] == []


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Lines of the body that are neither docstring nor comment nor blank."""
    has_more = ast.get_docstring(function) is not None and len(function.body) > 1
    start = function.body[1 if has_more else 0].lineno
    body = [line.strip() for line in lines[start - 1 : function.end_lineno]]
    return sum(line != "" and not line.startswith("#") for line in body)


def test_a_function_has_at_most_50_lines_of_code() -> None:
    wrong = [
        f"{source.name}:{node.lineno} {node.name}"
        for source in PACKAGE_SOURCES
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and lines_of_code(node, source.lines) > 50
    ]
    assert not wrong, "\n".join(wrong)


def test_there_is_no_drawer_of_utilities() -> None:
    paths = [source.path for source in ALL_SOURCES]
    names = {path.stem for path in paths} | {path.parent.name for path in paths}
    assert names.isdisjoint({"utils", "util", "helpers", "misc", "common"})


def test_the_library_never_asserts_and_only_commands_print() -> None:
    wrong = []
    for source in PACKAGE_SOURCES:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Assert):
                wrong.append(f"{source.name}:{node.lineno} assert")
            elif isinstance(node, ast.Name) and node.id == "print" and source.room != "commands":
                wrong.append(f"{source.name}:{node.lineno} print")
    assert not wrong, "\n".join(wrong)


def test_a_todo_names_its_issue() -> None:
    marker = re.compile("TO" + r"DO(?!\(#\d+\))")
    wrong = [
        f"{source.name}:{number}"
        for source in ALL_SOURCES
        for number, line in enumerate(source.lines, start=1)
        if marker.search(line)
    ]
    assert not wrong, "\n".join(wrong)
