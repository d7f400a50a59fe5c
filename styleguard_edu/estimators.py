"""What detectors, correctors and guards have in common as scikit-learn estimators."""

from inspect import signature
from numbers import Number
from textwrap import shorten

from sklearn.base import BaseEstimator


class Estimator(BaseEstimator):
    """A scikit-learn estimator that holds networks: a short ``repr``, and clones that share them.

    Settings are stored as they come and checked when they are used, so ``get_params``,
    ``set_params`` and :func:`sklearn.base.clone` work.
    """

    _repr_html_ = None  # scikit-learn's diagram is numbered anew in every run
    _repr_mimebundle_ = None

    def __repr__(self):
        settings = signature(type(self)).parameters.values()
        texts = {one.name: _text(getattr(self, one.name)) for one in settings}
        changed = {one.name for one in settings if texts[one.name] not in ("", _text(one.default))}
        shown = (f"{name}={text}" for name, text in texts.items() if name in changed)
        return shorten(f"{type(self).__name__}({', '.join(shown)})", 110, placeholder=" ...")

    def __sklearn_clone__(self):
        # a copy of a network would be costly, and nothing here changes one
        return type(self)(**self.get_params(deep=False))


def _text(value):
    """A value in a ``repr``; "" for networks, arrays and functions, whose own are long or vary."""
    if isinstance(value, (Number, str)):
        return repr(value)
    if isinstance(value, dict):
        return f"{{{', '.join(map(str, value))}}}"
    return type(value).__name__ if isinstance(value, BaseEstimator) else ""
