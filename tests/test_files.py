import hashlib

from styleguard_edu.files import data_path, sha256, write_atomically

import pytest


def test_data_path_finds_what_ships_with_the_project():
    assert data_path("digits.npz").is_file()
    assert data_path("checkpoints", "digit_judge", "card.json").is_file()


def test_sha256_is_the_hash_of_the_bytes(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"digits")
    assert sha256(file) == hashlib.sha256(b"digits").hexdigest()


def test_write_atomically_creates_folders_and_leaves_only_the_file(tmp_path):
    file = tmp_path / "new" / "log.txt"
    write_atomically(file, lambda path: path.write_text("done"))
    assert file.read_text() == "done"
    assert list(file.parent.iterdir()) == [file]


def test_the_temporary_file_keeps_a_double_ending(tmp_path):
    endings = []
    write_atomically(tmp_path / "state.weights.h5", lambda path: endings.append(path.name[-11:]))
    assert endings == [".weights.h5"]


def test_a_failed_write_keeps_the_old_file_and_tidies_up(tmp_path):
    file = tmp_path / "card.json"
    file.write_text("old")

    def fail(path):
        path.write_text("half of the n")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(file, fail)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
