import io
import json
import zipfile

from styleguard_edu.backend import keras
from styleguard_edu.checkpoints import load_checkpoint, save_checkpoint, verified_card
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


@pytest.mark.parametrize("text", ['{"name": "tri', "{}", "[]", '{"sha256": 3}'])
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


def test_code_in_a_checkpoint_is_not_run(saved):
    folder, _ = saved
    evil = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    file = folder / "trial" / "discriminator.keras"
    evil.save(file)
    card = json.loads((folder / "trial" / "card.json").read_text())
    card["sha256"]["discriminator.keras"] = sha256(file)
    (folder / "trial" / "card.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match=r"[Ll]ambda"):
        load_checkpoint("trial", folder=folder)
