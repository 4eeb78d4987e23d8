import os
import re
import struct
from pathlib import Path

import pytest

from kerasseq.visualization import encode_figure, plot_attention, save_figure
from kerasseq.visualization.figure import new_figure

BEGINNINGS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", sorted(BEGINNINGS))
def test_the_suffix_chooses_the_format(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"map{suffix}"
    figure = plot_attention([[0.5, 0.5]], ["▁a", "å"], ["b"])
    assert save_figure(figure, str(path)) == path
    assert path.read_bytes().startswith(BEGINNINGS[suffix])
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_an_upper_case_suffix_and_missing_folders_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "run" / "pictures" / "map.PNG"
    save_figure(new_figure(), path)
    assert path.read_bytes().startswith(BEGINNINGS[".png"])


@pytest.mark.parametrize(("suffix", "date"), [(".svg", b"dc:date"), (".pdf", b"CreationDate")])
def test_no_file_says_when_it_was_made(suffix: str, date: bytes, tmp_path: Path) -> None:
    path = save_figure(new_figure(), tmp_path / f"map{suffix}")
    assert date not in path.read_bytes()
    assert date not in encode_figure(new_figure(), suffix)


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    save_figure(new_figure(), tmp_path / "map.png")
    (tmp_path / "other").touch()
    assert os.stat(tmp_path / "map.png").st_mode == os.stat(tmp_path / "other").st_mode


def test_a_failure_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    class Failing:
        def get_size_inches(self) -> tuple[float, float]:
            return 4.0, 3.0

        def savefig(self, path: str, **options: object) -> None:
            Path(path).write_bytes(b"half")
            raise OSError("disk full")

    path = tmp_path / "map.png"
    path.write_bytes(b"before")
    with pytest.raises(OSError, match="disk full"):
        save_figure(Failing(), path)
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["map.png"]


def test_a_very_large_picture_has_fewer_dots_an_inch(tmp_path: Path) -> None:
    figure = new_figure()
    for width, dots in ((200, 150), (400, 111)):  # 45 million dots, then 90 at 150 an inch
        figure.set_size_inches(width, 10)
        save_figure(figure, tmp_path / "map.png")
        columns = struct.unpack(">I", (tmp_path / "map.png").read_bytes()[16:20])[0]
        assert columns == pytest.approx(width * dots, rel=0.01)


@pytest.mark.parametrize(("name", "suffix"), [("map.jpg", ".jpg"), ("map", "")])
def test_another_suffix_is_an_error(name: str, suffix: str, tmp_path: Path) -> None:
    message = f"`path's suffix` must be one of '.pdf', '.png', '.svg'. Received: {suffix!r}."
    with pytest.raises(ValueError, match=re.escape(message)):
        save_figure(new_figure(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []
