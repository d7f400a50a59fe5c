import json
import os
import subprocess
import sys

from styleguard_edu import backend

import pytest


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_another_keras_backend_is_refused_with_the_cure():
    fake = (
        "import sys, types, unittest.mock; sys.modules['tensorflow'] = unittest.mock.Mock();"
        "keras = types.ModuleType('keras');"
        "keras.backend = types.SimpleNamespace(backend=lambda: 'jax');"
        "sys.modules['keras'] = keras;"
        "import styleguard_edu.backend"
    )
    done = run(fake)
    assert "'jax' backend. Set KERAS_BACKEND=tensorflow and restart Python." in done.stderr


def test_what_is_held_back_is_shown_if_the_import_fails(capfd):
    with pytest.raises(ImportError, match="broken"), backend._stderr_held_back():
        os.write(2, b"library not found\n")
        raise ImportError("broken")
    assert capfd.readouterr().err == "library not found\n"


def test_what_is_held_back_stays_unseen_otherwise(capfd):
    with backend._stderr_held_back():
        os.write(2, b"a notice\n")
    assert capfd.readouterr().err == ""


def test_a_guard_of_digits_is_loaded_without_a_word_whatever_keras_json_says_and_no_painting_code(
    tmp_path,
):
    settings = {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.1}
    (tmp_path / "keras.json").write_text(json.dumps({**settings, "backend": "jax"}))
    done = run(
        "from styleguard_edu.backend import keras as k; c = k.config;"
        "print(k.backend.backend(), c.image_data_format(), c.floatx(), c.epsilon());"
        "print(k.layers.Dense(1).dtype_policy.name);"
        "import sys; from styleguard_edu import load_guard; load_guard('digits');"
        "print(*(name for name in sys.modules if 'painting' in name or 'style_transfer' in name))",
        KERAS_HOME=str(tmp_path),
        STYLEGUARD_DIGITS="bundled",
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["tensorflow", "channels_last", "float32", "1e-07", "float32"]
