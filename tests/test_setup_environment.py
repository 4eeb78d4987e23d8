"""`scripts/setup_environment` chooses a Python by running it, and installs once."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("bash", "cat", "cksum", "cp", "dirname", "env", "grep", "mkdir", "rm", "sleep", "tail")

BROKEN_SHIM = "exit 127"
TOO_OLD = 'case "$2" in *platform*) echo 3.10.13 ;; *) exit 1 ;; esac'
WITHOUT_VENV = 'case "$1$2" in -mvenv) exit 1 ;; -c*platform*) echo 3.12.1 ;; esac'
# `-m venv --clear .venv` copies the interpreter itself, `-m pip install` keeps a diary.
WORKING = """
case "$1 $2" in
"-m venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
"-m pip") if [ "$3" = install ]; then echo "$*" >>installed; echo "Collecting numpy<3,>=2"; fi ;;
-c*platform*) echo 3.11.7 ;;
esac
"""
FAILING_PIP = WORKING.replace(
    ">>installed", '>>installed; echo "12:00 ERROR: No space left" >.venv/pip.log; exit 1'
)


class Clone:
    """A copy of the scripts in a folder with spaces, and a PATH with nothing but fakes."""

    def __init__(self, folder: Path, candidates: dict[str, str]) -> None:
        self.folder = folder / "a clone with spaces"
        self.elsewhere = folder / "elsewhere"
        self.binaries = folder / "bin"
        for path in (self.folder / "scripts", self.elsewhere, self.binaries):
            path.mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "setup_environment", self.folder / "scripts")
        for name in ("setup.cfg", "pyproject.toml"):
            shutil.copy(ROOT / name, self.folder)
        for tool in TOOLS:
            (self.binaries / tool).symlink_to(str(shutil.which(tool)))
        for name, body in candidates.items():
            self.add_python(self.binaries / name, body)

    def add_python(self, path: Path, body: str) -> None:
        path.write_text(f"#!/usr/bin/env bash\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.binaries / "bash"), str(self.folder / "scripts/setup_environment")]
            + list(arguments),
            cwd=self.elsewhere,
            env={"PATH": str(self.binaries), **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def installations(self) -> list[str]:
        diary = self.folder / "installed"
        return diary.read_text(encoding="utf-8").splitlines() if diary.exists() else []


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for bash")


def test_a_candidate_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    clone = Clone(tmp_path, {"python3.13": BROKEN_SHIM, "python3.11": WORKING})
    result = clone.run()
    assert result.returncode == 0, result.stderr
    assert f"Made .venv with {clone.binaries}/python3.11 (Python 3.11.7)" in result.stdout


def test_a_candidate_without_venv_is_passed_over(tmp_path: Path) -> None:
    clone = Clone(tmp_path, {"python3.12": WITHOUT_VENV, "python3": WORKING})
    assert "bin/python3 (Python" in clone.run().stdout


def test_the_same_name_later_on_the_path_is_tried_too(tmp_path: Path) -> None:
    clone = Clone(tmp_path, {"python3.12": WORKING})
    shims = tmp_path / "shims"
    shims.mkdir()
    clone.add_python(shims / "python3.12", BROKEN_SHIM)
    result = clone.run(PATH=f"{shims}:{clone.binaries}")
    assert f"Made .venv with {clone.binaries}/python3.12" in result.stdout


def test_a_named_python_is_the_only_candidate(tmp_path: Path) -> None:
    clone = Clone(tmp_path, {"python3.13": WORKING})
    clone.add_python(tmp_path / "my python", WORKING)
    assert f"with {tmp_path}/my python (" in clone.run(PYTHON=str(tmp_path / "my python")).stdout
    shutil.rmtree(clone.folder / ".venv")
    assert clone.run(PYTHON="/nowhere/python").returncode == 1


def test_without_a_python_that_fits_it_says_what_was_tried(tmp_path: Path) -> None:
    candidates = {"python3.13": BROKEN_SHIM, "python3.12": WITHOUT_VENV, "python3": TOO_OLD}
    clone = Clone(tmp_path, candidates)
    result = clone.run()
    assert result.returncode == 1
    assert result.stderr.splitlines()[:4] == [
        "kerasseq needs Python 3.11, 3.12 or 3.13 with venv and pip, and found none. Tried:",
        f"  {clone.binaries}/python3.13: does not run",
        f"  {clone.binaries}/python3.12: Python 3.12.1, but `-m venv` fails "
        "(on Debian and Ubuntu: apt install python3.12-venv)",
        f"  {clone.binaries}/python3: is Python 3.10.13",
    ]
    assert not (clone.folder / ".venv").exists()


def test_without_any_python_it_says_so(tmp_path: Path) -> None:
    assert "there is no python on the PATH\n" in Clone(tmp_path, {}).run().stderr


def test_a_second_run_installs_nothing_until_the_settings_change(tmp_path: Path) -> None:
    clone = Clone(tmp_path, {"python3.11": WORKING})
    assert " numpy\n" in clone.run().stdout
    assert clone.run().stdout == ""
    assert len(clone.installations()) == 1
    with (clone.folder / "setup.cfg").open("a", encoding="utf-8") as settings:
        settings.write("# changed\n")
    clone.run()
    assert len(clone.installations()) == 2


def test_the_environment_of_the_checks_serves_users_too(tmp_path: Path) -> None:
    clone = Clone(tmp_path, {"python3.11": WORKING})
    clone.run("dev")
    clone.run()
    assert [line.split()[-1] for line in clone.installations()] == [".[dev]"]


def test_a_broken_environment_is_made_again(tmp_path: Path) -> None:
    clone = Clone(tmp_path, {"python3.11": WORKING})
    clone.run()
    (clone.folder / ".venv/bin/python").unlink()
    assert "Made .venv" in clone.run().stdout


def test_a_failed_installation_is_tried_again(tmp_path: Path) -> None:
    clone = Clone(tmp_path, {"python3.11": FAILING_PIP})
    result = clone.run()
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "12:00 ERROR: No space left",
        f"The installation failed; its log is {clone.folder}/.venv/pip.log",
    ]
    clone.run()
    assert len(clone.installations()) == 2
