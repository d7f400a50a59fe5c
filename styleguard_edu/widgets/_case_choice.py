"""Rows of buttons that lead to one of several cases."""

from ._parts import choice

LABELS = {1: ("damage",), 2: ("damage", "severity"), 3: ("images", "damage", "severity")}


class CaseChoice:
    """One row of buttons for each part of a case's name; later rows offer what is there.

    Parameters
    ----------
    names : iterable of str, or of tuple of 2 or 3
        What cases are called: the damage alone, or damage and severity, or what the images are,
        damage and severity.

    Attributes
    ----------
    rows : list of ipywidgets.ToggleButtons
        Those on the way to the case chosen are shown. Choices among the same options share a
        row: the severity stays when another damage is chosen.
    value : str or tuple
        The name of the case chosen; may be set.

    Raises
    ------
    ValueError
        If the names are not all of one of the three kinds.
    """

    def __init__(self, names):
        self._names = {as_path(name): name for name in names}
        lengths = {len(path) for path in self._names}
        if len(lengths) != 1 or not lengths <= set(LABELS):
            raise ValueError(
                "cases must be called by a str each, or by tuples of 2 or of 3. "
                f"Received: {list(self._names.values())}"
            )
        self._labels = LABELS[lengths.pop()]
        self._row_after, made = {}, {}
        for level, label in enumerate(self._labels):
            for before in dict.fromkeys(path[:level] for path in self._names):
                options = tuple(
                    dict.fromkeys(path[level] for path in self._names if path[:level] == before)
                )
                if (level, options) not in made:
                    made[level, options] = choice(label, {str(name): name for name in options})
                self._row_after[before] = made[level, options]
        self.rows = list(made.values())
        for row in self.rows:
            row.observe(lambda change: self._show(), "value")
        self._show()

    @property
    def value(self):
        return self._names[self._path()]

    @value.setter
    def value(self, name):
        path = as_path(name)
        for level, part in enumerate(path):
            self._row_after[path[:level]].value = part

    def _show(self):
        """Show the rows on the way to the case chosen, and hide the others."""
        path = self._path()
        for row in self.rows:
            row.layout.display = "none"
        for level in range(len(path)):
            self._row_after[path[:level]].layout.display = "flex"

    def _path(self):
        path = ()
        while len(path) < len(self._labels):
            path += (self._row_after[path].value,)
        return path


def as_path(name):
    """A case's name as a tuple of its parts."""
    return name if isinstance(name, tuple) else (name,)


def in_words(name):
    """Such as "digits, scratch, severity 3"."""
    *parts, last = as_path(name)
    return ", ".join([*map(str, parts), f"severity {last}" if parts else str(last)])
