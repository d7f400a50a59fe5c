"""Gradients of what a generator draws with respect to its input, compiled once for a network."""

from weakref import WeakKeyDictionary, ref

import numpy as np

from ..backend import tf

BATCH = 256  # latents moved at once: bounds the memory
_compiled = WeakKeyDictionary()  # network -> {what: its compiled gradient}


def compiled_gradient(name, function, networks, *others):
    """Gradient of ``function(*networks, z, *others)`` in z, compiled once for any batch size."""
    generator, *more = networks
    table = _compiled.setdefault(generator, {})
    key = (name, *(id(network) for network in more))
    known = table.get(key)
    weak = [ref(network) for network in networks]  # or the table would keep them alive
    if known is not None and all(a() is b() for a, b in zip(known[0], weak, strict=True)):
        return known[1]

    def slope(z, *rest):
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = function(*(network() for network in weak), z, *rest)
        return tape.gradient(value, z)

    latents = tf.TensorSpec((None, *generator.input_shape[1:]), tf.float32)
    compiled = tf.function(slope, autograph=False).get_concrete_function(latents, *others)
    table[key] = weak, lambda *arrays: compiled(*map(tf.constant, arrays))
    return table[key][1]


def numbers_of_steps(steps):
    """Numbers of steps as an array, whether one or several came."""
    stops = np.atleast_1d(np.asarray(steps))
    if stops.ndim != 1 or not len(stops) or stops.dtype.kind not in "iu" or stops.min() < 0:
        raise ValueError(f"steps must be whole numbers >= 0. Received: {steps!r}")
    if (np.diff(stops) <= 0).any():
        raise ValueError(f"steps must rise. Received: {steps!r}")
    return stops
