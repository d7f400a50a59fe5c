import io
import json
import random
import threading
import zipfile

from styleguard_edu.backend import keras
from styleguard_edu.checkpoints import (
    load_checkpoint,
    load_result,
    save_checkpoint,
    save_result,
    verified_card,
)
from styleguard_edu.files import sha256
from styleguard_edu.networks import digit_discriminator

import h5py
import numpy as np
import pytest

CARD = {"recipe": "none", "data": "none", "seed": 0, "minutes": 0, "metrics": {}}


@pytest.fixture
def saved(tmp_path):
    network = digit_discriminator(width=2)
    network.compile("adam", "mse")
    arrays = {"mean": np.arange(3.0)}
    save_checkpoint("trial", {"discriminator": network}, CARD, arrays=arrays, folder=tmp_path)
    return tmp_path, network


def test_a_loaded_network_answers_as_the_saved_one_did(saved):
    folder, network = saved
    checkpoint = load_checkpoint("trial", folder=folder)
    images = np.random.default_rng(0).random((4, 28, 28, 1)).astype("float32")
    np.testing.assert_array_equal(checkpoint.networks["discriminator"](images), network(images))
    np.testing.assert_array_equal(checkpoint.arrays["mean"], [0, 1, 2])
    assert checkpoint.card["recipe"] == "none"


def test_loading_and_saving_leave_the_global_random_state_alone(saved):
    folder, network = saved
    before = random.getstate()
    load_checkpoint("trial", folder=folder)
    save_checkpoint("again", {"discriminator": network}, CARD, folder=folder)
    assert random.getstate() == before


def test_the_optimizer_is_left_behind(saved):
    folder, network = saved
    assert network.optimizer is not None
    with zipfile.ZipFile(folder / "trial" / "discriminator.keras") as file:
        parts = h5py.File(io.BytesIO(file.read("model.weights.h5")))
    assert "layers" in parts
    assert "optimizer" not in parts


def test_what_is_saved_anew_leaves_nothing_of_the_old(saved):
    folder, network = saved
    home = folder / "trial"
    save_checkpoint("trial", {"judge": network}, CARD, folder=folder)
    assert sorted(path.name for path in home.iterdir()) == ["card.json", "judge.keras"]
    assert set(load_checkpoint("trial", folder=folder).networks) == {"judge"}


def test_a_changed_file_is_refused_by_name_and_with_the_cure(saved):
    folder, _ = saved
    file = folder / "trial" / "discriminator.keras"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match=r"discriminator\.keras is damaged.*To restore it: "):
        load_checkpoint("trial", folder=folder)


@pytest.mark.parametrize(
    "text", ['{"name": "tri', "{}", "[]", '{"sha256": 3}', '{"sha256": {"../x.keras": ""}}']
)
def test_a_damaged_card_is_named_with_the_cure(saved, text):
    folder, _ = saved
    (folder / "trial" / "card.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"card\.json must be JSON .* To restore it: .* Received"):
        verified_card("trial", folder=folder)


def test_a_missing_file_is_named(saved):
    folder, _ = saved
    (folder / "trial" / "arrays.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"arrays\.npz is missing"):
        verified_card("trial", folder=folder)


def test_an_unknown_name_is_answered_with_the_known_ones(saved):
    folder, _ = saved
    with pytest.raises(ValueError, match=r"\['trial'\]. Received: 'tral'"):
        load_checkpoint("tral", folder=folder)


def test_a_failing_save_keeps_the_good_one(saved):
    folder, network = saved
    before = verified_card("trial", folder=folder)
    with pytest.raises(TypeError):
        save_checkpoint("trial", {"judge": network}, {**CARD, "set": {1}}, folder=folder)
    assert verified_card("trial", folder=folder) == before
    assert [path.name for path in folder.iterdir()] == ["trial"]


@pytest.mark.parametrize("card", [None, "{"])
def test_other_files_of_the_folder_stay_even_with_a_damaged_card(saved, card):
    folder, network = saved
    home = folder / "trial"
    (home / "notes").mkdir()
    for file in ("my.npz", "notes/1.txt"):
        (home / file).write_text("mine")
    if card:
        (home / "card.json").write_text(card)
    save_checkpoint("trial", {"discriminator": network}, {**CARD, "seed": 1}, folder=folder)
    assert (home / "my.npz").read_text() == (home / "notes" / "1.txt").read_text() == "mine"
    assert verified_card("trial", folder=folder)["seed"] == 1


def test_arrays_of_objects_are_refused_before_anything_is_written(saved):
    folder, network = saved
    for save in (
        lambda **other: save_checkpoint("a", {"d": network}, CARD, **other),
        lambda **other: save_result("a", CARD, **other),
    ):
        with pytest.raises(ValueError, match=r"arrays\['odd'\] must hold numbers.* dtype object"):
            save(arrays={"odd": np.array([{"code": 1}])}, folder=folder / "new")
    assert not (folder / "new").exists()


def test_a_pickle_among_the_arrays_is_not_opened(saved):
    folder, _ = saved
    file = folder / "trial" / "arrays.npz"
    np.savez(file, mean=np.array([{"code": 1}], object))
    forge(folder, file)
    with pytest.raises(ValueError, match="allow_pickle"):
        load_checkpoint("trial", folder=folder)


@pytest.mark.parametrize("name", ["../trial", "a/b", "a b", "", "."])
def test_names_that_could_lie_elsewhere_are_refused(saved, name):
    folder, network = saved
    for act in (
        lambda: save_checkpoint(name, {"d": network}, CARD, folder=folder / "below"),
        lambda: save_checkpoint("a", {name: network}, CARD, folder=folder / "below"),
        lambda: save_result(name, CARD, folder=folder / "below"),
        lambda: load_checkpoint(name, folder=folder / "trial"),
    ):
        with pytest.raises(ValueError, match=r"letters, digits, _ and - only\. Received: "):
            act()
    assert not (folder / "below").exists()


def test_of_two_writers_one_wins_and_a_reader_sees_one_of_their_versions(tmp_path):
    def write(seed):
        for _ in range(6):
            arrays = {"seed": np.full(1000, seed)}
            save_checkpoint("trial", {}, {**CARD, "seed": seed}, arrays=arrays, folder=tmp_path)

    write(0)
    (tmp_path / "trial" / "notes.txt").write_text("mine")
    writers = [threading.Thread(target=write, args=(seed,)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen = load_checkpoint("trial", folder=tmp_path)
        assert set(seen.arrays["seed"]) == {seen.card["seed"]}
    assert [path.name for path in tmp_path.iterdir()] == ["trial"]
    assert (tmp_path / "trial" / "notes.txt").read_text() == "mine"


def test_a_result_is_loaded_as_it_was_saved_and_replaced_whole(tmp_path):
    save_result("table", CARD, arrays={"rows": np.eye(2)}, folder=tmp_path)
    with pytest.raises(TypeError):
        save_result("table", {"set": {1}}, arrays={"rows": np.zeros(2)}, folder=tmp_path)
    np.testing.assert_array_equal(load_result("table", folder=tmp_path).arrays["rows"], np.eye(2))
    with pytest.raises(ValueError, match=r"\['table'\]. Received: 'tabel'"):
        load_result("tabel", folder=tmp_path)


def forge(folder, file):
    """Let the card say of a changed file that it is as it should be."""
    card = json.loads((folder / "trial" / "card.json").read_text())
    card["sha256"][file.name] = sha256(file)
    (folder / "trial" / "card.json").write_text(json.dumps(card))


def test_code_in_a_checkpoint_is_not_run(saved):
    folder, _ = saved
    evil = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    file = folder / "trial" / "discriminator.keras"
    evil.save(file)
    forge(folder, file)
    with pytest.raises(ValueError, match=r"[Ll]ambda"):
        load_checkpoint("trial", folder=folder)
