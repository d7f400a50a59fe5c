"""Running trained networks: batch by batch, compiled once, batch normalisation folded away."""

from collections import Counter
from functools import partial
from weakref import WeakKeyDictionary, ref

import numpy as np

from ..backend import keras, tf
from . import BATCH, BATCH_PIXELS

__all__ = ["compiled", "fold_batch_norm", "run_network", "segment"]

layers = keras.layers

_specs = WeakKeyDictionary()  # network -> what its inputs are
_compiled = {}  # key -> network -> (a second network ->) its compiled function


def run_network(network, *, wanted=None, **inputs):
    """Ask a trained network about any number of images, batch by batch.

    Keras' ``predict`` gives the same, but sets up a data pipeline each time, which for a single
    digit takes fifty times as long as the network itself, and it compiles the network again for
    batches of another size.

    Parameters
    ----------
    network : keras.Model
    wanted : tuple of int, optional
        Which of its outputs, all unless given: what only the others need is not computed.
    **inputs : ndarray of float32, ``(n, ...)``
        What goes in, in the network's order; the names are for error messages.

    Returns
    -------
    ndarray of float32, ``(n, ...)``, or list of such
        One for each output; a list if ``wanted`` is given.

    Raises
    ------
    ValueError
        If the network wants another number of inputs, or inputs of another shape.
    """
    # lists, not generators: a digit at a time, their steps would take longer than the network
    if network not in _specs:
        _specs[network] = [tf.TensorSpec(tensor.shape, tf.float32) for tensor in network.inputs]
    specs, arrays = _specs[network], list(inputs.values())
    if len(specs) != len(arrays):
        raise ValueError(
            f"the network {network.name!r} takes {len(specs)} inputs. Received: {list(inputs)}"
        )
    for name, spec in zip(inputs, specs, strict=True):
        if not spec.shape[1:].is_compatible_with(inputs[name].shape[1:]):
            described = str(spec.shape[1:]).strip("()").replace("None", "any")
            raise ValueError(
                f"{name} must be of shape (n, {described}) for the network {network.name!r}. "
                f"Received: shape {inputs[name].shape}"
            )
    key, answers = ("answers", wanted), []
    known = _compiled.get(key, {}).get(network)
    answer = known or compiled(key, partial(_answers, wanted), [network], *specs)
    pixels = max([np.prod(array.shape[1:3], dtype=int) for array in arrays])
    size = min(BATCH, max(BATCH_PIXELS // pixels, 1))
    for start in range(0, len(arrays[0]), size):
        batch = [tf.constant(array[start : start + size], tf.float32) for array in arrays]
        answers.append(answer(*batch))
    if isinstance(answers[0], (list, tuple)):
        return [np.concatenate(parts) for parts in zip(*answers, strict=True)]
    return np.concatenate(answers)


def segment(network, images, content=None, prepare=None, *, wanted=(0, 1, 2)):
    """Ask a network from :func:`segmentation_network` about images of any size.

    Images whose sides the network cannot halve often enough are continued by their mirror image.

    Parameters
    ----------
    network : keras.Model
    images : ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
    content : ndarray of float32, ``(n, height, width, c)`` in [0, 1], optional
        For a network with a second input.
    prepare : callable, optional
        ``prepare(images, content) -> ndarray``: the second input, if it is not the content itself.
    wanted : tuple of int
        Which of the three answers below are given; without the third, the network takes a third
        less time.

    Returns
    -------
    list of ndarray of float32
        Logits ``(n, height, width, 1)`` of the pixels, logits ``(n, 1)`` of the images, and the
        restored images ``(n, height, width, channels)``.

    Raises
    ------
    ValueError
        If the network compares and there is no content.
    """
    inputs = {"images": images}
    if len(network.inputs) == 2:
        if content is None:
            raise ValueError("content must be given: this network compares. Received: None")
        inputs["content"] = prepare(images, content) if prepare else content
    height, width = images.shape[1:3]
    multiple = 2 ** len([x for x in network.layers if isinstance(x, layers.MaxPooling2D)])
    if height % multiple or width % multiple:
        sides = (0, 0), (0, -height % multiple), (0, -width % multiple), (0, 0)
        inputs = {name: np.pad(x, sides, mode="symmetric") for name, x in inputs.items()}
    answers = run_network(network, wanted=wanted, **inputs)
    return [x[:, :height, :width] if x.ndim == 4 else x for x in answers]


def compiled(key, function, networks, *inputs):
    """A function of networks and arrays as a TensorFlow graph, compiled once for these networks.

    This is the one cache of compiled functions. It keeps no network alive: what was compiled goes
    with the network. If a network's weights change, the compiled function follows.

    Parameters
    ----------
    key : hashable
        Names what the function does: with the same key and networks, the first one is used again.
    function : callable
        ``function(*networks, *tensors)``; it holds no reference to the networks itself.
    networks : sequence of keras.Model
    *inputs : tf.TensorSpec
        Of the tensors; None stands for any size.

    Returns
    -------
    callable
        ``(*tensors) -> `` what ``function`` returns.
    """
    *first, last = networks
    table = _compiled.setdefault(key, WeakKeyDictionary())
    for network in first:
        table = table.setdefault(network, WeakKeyDictionary())
    if last not in table:
        weak = [ref(network) for network in networks]

        def call(*tensors):
            return function(*(network() for network in weak), *tensors)

        table[last] = tf.function(call, autograph=False).get_concrete_function(*inputs)
    return table[last]


def _answers(wanted, network, *inputs):
    answers = network(list(inputs) if len(inputs) > 1 else inputs[0], training=False)
    return answers if wanted is None else [answers[k] for k in wanted]


def fold_batch_norm(network):
    """The same network for use alone: batch normalisation becomes part of the layer before it.

    Means and variances do not change any more, so normalising is multiplying and shifting, which a
    kernel and a bias can do as well: the answers are the same up to rounding, for less work.

    Parameters
    ----------
    network : keras.Model
        Functional, trained; it is left as it is, and if it is trained on, the copy does not follow.

    Returns
    -------
    keras.Model
        Without the normalisations that alone use what a convolution (transposed or not) or a dense
        layer without activation gives; the others stay.
    """
    following = _following_normalisations(network)
    gone = {layer.name for layer in following.values()}

    def copied(layer):
        biased = {"use_bias": True} if layer.name in following else {}
        return type(layer).from_config({**layer.get_config(), **biased})

    def called(layer, *args, **kwargs):
        return args[0] if layer.name in gone else layer(*args, **kwargs)

    copy = keras.models.clone_model(network, clone_function=copied, call_function=called)
    for layer in network.layers:
        if layer.weights and layer.name not in gone:
            weights = layer.get_weights()
            if layer.name in following:
                weights = _with(layer, following[layer.name])
            copy.get_layer(layer.name).set_weights(weights)
    return copy


def _following_normalisations(network):
    """Normalisations that can be folded away, by the names of the layers before them."""
    used = Counter(id(x) for step in network.operations for x in keras.tree.flatten(step.input))
    used.update(id(x) for x in network.outputs)
    makers = {
        id(layer.output): layer.name
        for layer in network.layers
        if isinstance(layer, (layers.Conv2D, layers.Conv2DTranspose, layers.Dense))
        and layer.activation is keras.activations.linear
        and used[id(layer.output)] == 1
    }
    return {
        makers[id(layer.input)]: layer
        for layer in network.layers
        if isinstance(layer, layers.BatchNormalization) and id(layer.input) in makers
    }


def _with(layer, normalisation):
    """Kernel and bias that do what a layer and the normalisation after it do."""
    kernel, *bias = layer.get_weights()
    ends = np.zeros((2, *[1] * (len(layer.output.shape) - 2), layer.output.shape[-1]), np.float32)
    ends[1] = 1
    offset, top = np.asarray(normalisation(ends, training=False)).reshape(2, -1)
    scale = top - offset
    bias = offset + (scale * bias[0] if bias else 0)
    # a transposed convolution has its outputs last but one
    return [kernel * (scale[:, None] if isinstance(layer, layers.Conv2DTranspose) else scale), bias]
