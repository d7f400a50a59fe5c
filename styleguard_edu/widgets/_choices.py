"""Rows of buttons that lead to one of several cases, and showing only the controls in use."""

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
        The name of the case chosen; may be set.
    """

    def __init__(self, names, labels):
        names, self._row_after, made = list(names), {}, {}
        for level, (label, in_words) in enumerate(labels.items()):
            for start in dict.fromkeys(name[:level] for name in names):
                options = dict.fromkeys(name[level] for name in names if name[:level] == start)
                key = level, *options
                if key not in made:
                    made[key] = choice(label, {in_words(part): part for part in options})
                self._row_after[start] = made[key]
        self.rows, self._length = list(made.values()), len(labels)
        for row in self.rows:
            row.observe(lambda change: self._show(), "value")
        self._show()

    @property
    def value(self):
        path = ()
        while len(path) < self._length:
            path += (self._row_after[path].value,)
        return path

    @value.setter
    def value(self, path):
        for level, part in enumerate(path):
            self._row_after[path[:level]].value = part

    def _show(self):
        path = self.value
        show_only(self.rows, [self._row_after[path[:level]] for level in range(len(path))])


def show_only(controls, used):
    """Show those of several controls that are in use, and hide the others."""
    for control in controls:
        control.layout.display = "flex" if control in used else "none"
