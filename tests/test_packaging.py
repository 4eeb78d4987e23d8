"""What `pip install` gives: the files, the command and the promises of setup.cfg."""

import ast
import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SETTINGS = configparser.ConfigParser()
SETTINGS.read(ROOT / "setup.cfg", encoding="utf-8")
DATA_PATTERNS = SETTINGS["options.package_data"]["kerasseq"].split()


def packaged_data() -> set[Path]:
    package = ROOT / "kerasseq"
    matches = {path for pattern in DATA_PATTERNS for path in package.glob(pattern)}
    return {path.relative_to(ROOT) for path in matches if path.is_file()}


def test_each_file_of_the_package_that_is_not_code_is_packaged() -> None:
    files = {path.relative_to(ROOT) for path in (ROOT / "kerasseq").rglob("*") if path.is_file()}
    files = {path for path in files if "__pycache__" not in path.parts and path.suffix != ".py"}
    assert files == packaged_data()


@pytest.mark.parametrize("pattern", DATA_PATTERNS)
def test_each_pattern_of_the_package_data_finds_something(pattern: str) -> None:
    assert list((ROOT / "kerasseq").glob(pattern))


def test_each_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "kerasseq").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_version_is_readable_without_running_the_package() -> None:
    module = ast.parse((ROOT / "kerasseq/__init__.py").read_text(encoding="utf-8"))
    values = [
        node.value
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"
    ]
    assert len(values) == 1
    assert isinstance(ast.literal_eval(values[0]), str)


def test_pyproject_holds_nothing_but_the_build_system() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("[")] == ["[build-system]"]


def test_the_licence_is_the_full_text_of_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n" in text
    assert "END OF TERMS AND CONDITIONS" in text


def build_wheel(folder: Path) -> Path:
    """Builds from a copy, since building in place would leave files in the project."""
    project = folder / "project"
    project.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "LICENSE", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, project)
    shutil.copytree(
        ROOT / "kerasseq", project / "kerasseq", ignore=shutil.ignore_patterns("__pycache__")
    )
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, project],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_the_code_the_sample_and_the_recipes(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith("kerasseq/")}
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "kerasseq").rglob("*.py")}
    assert names == code | {path.as_posix() for path in packaged_data()}


def test_the_wheel_holds_the_command_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = next(name for name in names if name.endswith("/entry_points.txt"))
        commands = archive.read(entry_points).decode()
    assert "kerasseq = kerasseq.__main__:main" in commands
    assert any(name.endswith("/LICENSE") for name in names)


@pytest.mark.slow
def test_an_installed_wheel_loads_the_sample(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "import kerasseq; print([len(p) for p in kerasseq.data.load_sample('tatoeba_eng_swe')])"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert result.stdout.strip() == "[23064, 1000, 1001]"
