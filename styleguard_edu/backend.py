"""TensorFlow and Keras, imported once, quietly, with the right backend and settings.

TensorFlow's C++ side writes notices straight to the process' standard error while it is being
imported, before any log level counts. In a notebook they show as red text above the learner's
first picture. They are held back here, and shown in full if the import fails.

A user's own ``keras.json`` does not matter: the package's networks have channels last and float32.
"""

import os
import random
import sys
import tempfile
from contextlib import contextmanager

__all__ = ["keras", "random_state_kept", "tf"]


@contextmanager
def _stderr_held_back():
    """Hold back what is written to file descriptor 2; replay it if the block raises."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)


@contextmanager
def random_state_kept():
    """Keep Python's random state, from which Keras draws a seed for every layer that it builds."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


# TensorFlow's graph optimizer reports passes that it skips as errors; real ones raise in Python
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "keras" not in sys.modules:
    os.environ["KERAS_BACKEND"] = "tensorflow"

with _stderr_held_back():
    import keras
    import tensorflow as tf

# Networks here are asked about batches of many sizes: that TensorFlow compiles anew is no fault.
tf.get_logger().setLevel("ERROR")

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        "styleguard_edu needs Keras on the TensorFlow backend, but Keras was imported earlier with "
        f"the {keras.backend.backend()!r} backend. Set KERAS_BACKEND=tensorflow and restart Python."
    )
# What Keras reads from ~/.keras/keras.json; training limits given as variables stay.
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
