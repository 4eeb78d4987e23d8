import os
import socket
from pathlib import Path
from typing import Any

import pytest

from kerasseq.serving import version_folder
from kerasseq.serving.version_folder import (
    PARTIAL,
    choose_version,
    new_version_folder,
    version_path,
    versions_in,
)


def test_versions_are_what_a_server_reads_as_numbers(tmp_path: Path) -> None:
    for name in ("2", "010", "1.5", "latest", ".3", "-4", "٣"):
        (tmp_path / name).mkdir()
    assert versions_in(tmp_path) == [2, 10]
    assert versions_in(tmp_path / "missing") == []
    assert choose_version(tmp_path, None) == 11
    assert version_path(tmp_path, 10) == tmp_path / "010"
    with pytest.raises(ValueError, match=f"`version` must be .* at most {2**63 - 1}. Received"):
        choose_version(tmp_path, 2**63)
    assert choose_version(tmp_path, 3) == 3
    assert choose_version(tmp_path / "missing", None) == 1
    with pytest.raises(FileExistsError, match=r"Received: 10, .* The next free one is 11\."):
        choose_version(tmp_path, 10)


def test_a_folder_is_seen_when_it_is_complete(tmp_path: Path) -> None:
    with new_version_folder(tmp_path / "model", 3) as folder:
        assert folder.parent == tmp_path / "model"
        assert versions_in(folder.parent) == []
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text("whole")
    assert os.listdir(tmp_path / "model") == ["3"]
    assert (tmp_path / "model/3/inner/file").read_text() == "whole"
    assert (tmp_path / "model/3").stat().st_mode & 0o777 == 0o755


def write_half(folder: Path) -> None:
    (folder / "file").write_text("half")
    raise KeyError


def test_after_an_error_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(KeyError), new_version_folder(tmp_path / "a" / "model", 1) as folder:
        write_half(folder)
    assert not (tmp_path / "a" / "model").exists()


def write_meanwhile(folder: Path) -> None:
    folder.mkdir()
    (folder / "theirs").write_text("")


def test_a_version_that_another_process_wrote_meanwhile_stays(tmp_path: Path) -> None:
    message = r"wrote version 1 of .*/model' meanwhile"
    with pytest.raises(FileExistsError, match=message), new_version_folder(tmp_path / "model", 1):
        write_meanwhile(tmp_path / "model" / "1")
    assert os.listdir(tmp_path / "model") == ["1"]
    assert os.listdir(tmp_path / "model/1") == ["theirs"]


def test_only_what_a_dead_process_of_this_machine_left_is_removed(tmp_path: Path) -> None:
    host, nobody = socket.gethostname(), 2**22 + 1  # Linux has no larger process ids
    names = {
        "dead": f"{PARTIAL}-{host}@{nobody}-1-abc",
        "alive": f"{PARTIAL}-{host}@{os.getppid()}-1-abc",
        "elsewhere": f"{PARTIAL}-elsewhere@{nobody}-1-abc",
    }
    for name in names.values():
        (tmp_path / name / "inner").mkdir(parents=True)
    with new_version_folder(tmp_path, 1):
        pass
    assert set(os.listdir(tmp_path)) == {names["alive"], names["elsewhere"], "1"}


def test_a_version_is_on_disk_before_it_is_seen_and_its_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = version_folder._sync, os.rename

    def synced(path: Path) -> None:
        done.append("model" if path == tmp_path / "model" else path.name.split("-")[0])
        sync(path)

    def renamed(source: Any, target: Any) -> None:
        done.append("renamed")
        rename(source, target)

    monkeypatch.setattr(version_folder, "_sync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    with new_version_folder(tmp_path / "model", 1) as folder:
        (folder / "file").write_text("whole")
    assert done == ["file", ".partial", "renamed", "model"]


def test_a_process_of_another_user_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(process: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert version_folder._is_alive(1)
