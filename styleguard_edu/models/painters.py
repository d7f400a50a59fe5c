"""The painters that come with the course, ready to paint."""

from ..checkpoints import load_checkpoint
from ..gallery import load_paintings
from .painting_style import PaintingStyle


def load_painter(checkpoint):
    """The painter of a checkpoint that comes with the course.

    The card says which paintings it has learnt, in the order of the codes. Other paintings may lie
    beside them.

    Parameters
    ----------
    checkpoint : str
        ``"paintings"`` or ``"paintings_other"``.

    Returns
    -------
    PaintingStyle

    Raises
    ------
    ValueError
        If a painting is missing that the painter has learnt.

    Examples
    --------
    >>> from styleguard_edu.models import load_painter
    >>> load_painter("paintings").names[:3]
    ('brush_strokes', 'hatching', 'marbling')
    """
    trained, paintings = load_checkpoint(checkpoint), load_paintings()
    names = list(trained.card["metrics"])  # one row a painting
    if missing := sorted(set(names) - set(paintings)):
        raise ValueError(
            f"data/paintings must hold the paintings that {checkpoint!r} has learnt, {names}. "
            f"Received: none named {missing}"
        )
    return PaintingStyle({name: paintings[name] for name in names}, **trained.networks, seed=0)
