import errno
import hashlib
import os
import stat

from styleguard_edu.files import data_path, replace_folder, sha256, write_atomically

import pytest


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


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
    def write(path):
        assert path.name.endswith(".weights.h5")
        path.touch()

    write_atomically(tmp_path / "state.weights.h5", write)


def test_a_failed_write_keeps_the_old_file_and_tidies_up(tmp_path):
    file = tmp_path / "card.json"
    file.write_text("old")

    def fail(path):
        path.write_text("half of the n")
        raise ValueError("no such number")

    with pytest.raises(ValueError, match="no such number"):
        write_atomically(file, fail)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "this folder may not be written to"),
        (errno.EROFS, "this folder may not be written to"),
        (errno.EIO, "see what the system says"),
    ],
)
def test_a_write_that_the_system_refuses_names_the_users_file_in_plain_words(
    tmp_path, number, words
):
    def fail(path):
        raise OSError(number, os.strerror(number), str(path))

    with pytest.raises(OSError, match=rf"p\.png cannot be written: {words}.*Received: ") as refused:
        write_atomically(tmp_path / "p.png", fail)
    assert ".partial" not in str(refused.value) and refused.value.errno == number
    assert refused.value.__suppress_context__


def test_a_path_below_a_file_or_of_a_folder_is_explained(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="a file lies where its folder should be"):
        write_atomically(tmp_path / "file" / "p.png", lambda path: path.touch())
    with pytest.raises(OSError, match="a folder of that name is there"):
        write_atomically(tmp_path, lambda path: path.touch())


@pytest.mark.skipif(os.name == "nt", reason="permissions are others there")
def test_a_new_file_respects_the_umask_and_a_replaced_one_keeps_its_permissions(tmp_path, umask):
    file = tmp_path / "p.txt"
    for mode in (0o666 & ~umask, 0o600):
        write_atomically(file, lambda path: path.write_text("x"))
        assert stat.S_IMODE(file.stat().st_mode) == mode
        file.chmod(0o600)


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path, monkeypatch):
    new, home = tmp_path / "new", tmp_path / "home"
    for folder, text in ((new, "new"), (home, "good")):
        folder.mkdir()
        (folder / "net").write_text(text)
    rename = os.rename

    def refuse(source, target):
        if source == new:
            raise PermissionError(errno.EACCES, "in use")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(PermissionError):
        replace_folder(new, home, lambda _: {"net"})
    assert (home / "net").read_text() == "good"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "new"]
