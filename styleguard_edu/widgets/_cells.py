"""Which cell of the notebook made what: it is closed when the cell runs again or is deleted."""

from IPython import get_ipython

_made_by = {}  # what each cell made when it last ran, by the cell's id, else by its source


def close_when_cell_runs_again(explorer):
    """Call ``explorer.close()`` before the cell that runs now runs again."""
    shell = get_ipython()
    if shell is not None:
        shell.events.register("pre_run_cell", _close_earlier)  # a second time changes nothing
        cell = _metadata(shell).get("cellId") or shell.history_manager.input_hist_raw[-1]
        _made_by.setdefault(cell, []).append(explorer)


def _close_earlier(info):
    deleted = _metadata(get_ipython()).get("deletedCells", ())
    for cell in (info.cell_id or info.raw_cell, *deleted):
        for explorer in _made_by.pop(cell, ()):
            explorer.close()


def _metadata(shell):
    """What the front end sent with the cell; only the shell of a kernel knows it."""
    return getattr(shell, "get_parent", dict)().get("metadata", {})
