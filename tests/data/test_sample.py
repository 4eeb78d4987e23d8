import importlib.resources

import pytest

from kerasseq.data import SAMPLES, load_sample, read_lines


def test_the_tatoeba_sample_is_whole_and_its_splits_are_apart() -> None:
    train, valid, test = load_sample("tatoeba_eng_swe")
    assert (len(train), len(valid), len(test)) == (23064, 1000, 1001)
    assert (train[0], valid[0], test[0]) == (
        ("Go.", "Gå."),
        ("Ask Tom.", "Fråga Tom."),
        ("Who?", "Vem?"),
    )
    for side in ("sources", "targets"):
        texts = [set(getattr(pairs, side)) for pairs in (train, valid, test)]
        assert sum(map(len, texts)) == len(set.union(*texts))


def test_every_sentence_names_its_number_and_an_author_of_the_list() -> None:
    folder = importlib.resources.files("kerasseq.data") / "samples" / "tatoeba_eng_swe"
    with importlib.resources.as_file(folder) as path:
        authors = {line.split("\t")[0] for line in read_lines(path / "AUTHORS.txt")[1:]}
        for split in ("train", "valid", "test"):
            header, *lines = read_lines(path / f"{split}.tsv.xz")
            assert header == "english\tswedish\ten_id\ten_author\tsv_id\tsv_author"
            for line in lines:
                _, _, english_id, english_author, swedish_id, swedish_author = line.split("\t")
                assert english_id.isdigit()
                assert swedish_id.isdigit()
                assert {english_author, swedish_author} <= authors


def test_every_sample_ships_with_licence_and_authors() -> None:
    for name in SAMPLES:
        folder = importlib.resources.files("kerasseq.data") / "samples" / name
        assert (folder / "AUTHORS.txt").is_file()
        licence = (folder / "LICENSE.txt").read_text("utf-8")
    for words in (
        "https://creativecommons.org/licenses/by/2.0/fr/",
        "tatoeba.org",
        "manythings.org/anki",
        "filtered, split and reformatted",
    ):
        assert words in licence


def test_an_unknown_sample_is_an_error_that_lists_them() -> None:
    with pytest.raises(ValueError, match=r"`name` must be one of 'tatoeba_eng_swe'\. .* 'tatoeba'"):
        load_sample("tatoeba")
