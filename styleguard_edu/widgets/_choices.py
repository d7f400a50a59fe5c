"""Rows of buttons that lead to one of several cases, and showing only the controls in use."""

from functools import cache

from ._parts import choice


class PathChoice:
    """One row of buttons for each part of a case's name; later rows offer what is there.

    Parameters
    ----------
    names : iterable of tuple
        All of one length.
    labels : dict of str to callable
        The label of each part's row, and what turns a part into the words on its button.

    Attributes
    ----------
    rows : list of ipywidgets.ToggleButtons
        Those on the way to the case chosen are shown. Choices among the same options share a
        row: the severity stays when another damage is chosen.
    value : tuple
        The name of the case chosen.
    """

    def __init__(self, names, labels):
        names, self._row_after = list(names), {}
        row = cache(lambda label, *keys: choice(label, {labels[label](key): key for key in keys}))
        for level, label in enumerate(labels):
            for start in dict.fromkeys(name[:level] for name in names):
                parts = dict.fromkeys(name[level] for name in names if name[:level] == start)
                self._row_after[start] = row(label, *parts)
        self.rows = list(dict.fromkeys(self._row_after.values()))
        for row in self.rows:
            row.observe(lambda change: self._show(), "value")
        self._show()

    @property
    def value(self):
        path = ()
        while path in self._row_after:
            path += (self._row_after[path].value,)
        return path

    def _show(self):
        path = self.value
        show_only(self.rows, [self._row_after[path[:level]] for level in range(len(path))])


def show_only(controls, used):
    """Show those of several controls that are in use, and hide the others."""
    for control in controls:
        control.layout.display = "flex" if control in used else "none"
