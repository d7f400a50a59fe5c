"""The report of a guard in HTML, which needs no network and reads well aloud."""

from base64 import b64encode
from html import escape
from itertools import starmap
from pathlib import Path
from string import Template

from ..files import write_atomically
from ..images import png_bytes
from .rounds import in_number

__all__ = ["outcome_table", "write_page"]

_SMALL = 64  # pixels: smaller images are shown three times as large, every pixel a square


def write_page(report, path, most):
    """Write the page of a report, see :meth:`styleguard_edu.guard.GuardReport.to_html`."""
    rows, images = report.examples(most), in_number(len(report.images), "image")
    template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    text = template.substitute(
        images=images,
        rate=f"{report.false_alarm_rate:g}",
        rate_of=report.rate_of,
        outcomes=outcome_table(report),
        rounds=_rounds(report.rounds),
        which=_which(report, rows),
        table=_images(report, rows),
    )
    path = Path(path)
    write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))
    return path


def outcome_table(report):
    """What became of the images: a table with no colours of its own, so dark themes suit it."""
    counts, meanings = report.counts(), dict(report.OUTCOMES)
    meanings["for review"] += f" ({report.changed_for_review} of these changed)"
    lines = [(name, counts[name], meaning) for name, meaning in meanings.items()]
    table = _table("What became of the images", ("outcome", "images", "meaning"), lines)
    if report.interrupted:
        table += f'\n<p class="warning">Not complete: {escape(report.interrupted)}.</p>'
    return table


def _rounds(rounds):
    if not rounds:
        return "<p>None: nothing was flagged.</p>"
    lines = []
    for number, one in enumerate(rounds, start=1):
        by = one.taken_by()
        names = ", ".join(f"{name} {count}" for name, count in by.items()) or "none"
        lines += [(number, len(one.index), sum(by.values()), int(one.corrected.sum()), names)]
    heads = ("round", "images", "proposals taken", "corrected", "by corrector")
    return _table("What each round did", heads, lines)


def _which(report, rows):
    flagged = int((report.outcomes != "passed").sum())
    if not flagged:
        return f"None was flagged. Here is what came first: {in_number(len(rows), 'image')}."
    if len(rows) < flagged:
        return f"{len(rows)} of the {flagged} that were flagged, some of each outcome."
    return f"All that were flagged: {flagged}."


def _images(report, rows):
    views, lines = report.views(rows), []
    alts = ("Image {} before", "Where image {} looked wrong, in amber", "Image {} after: {}")
    columns = zip(rows.tolist(), report.stories(rows), *views.values(), strict=True)
    for k, story, *pictures in columns:
        outcome = str(report.outcomes[k])
        shown = map(_picture, pictures, (alt.format(k, outcome) for alt in alts))
        lines += [(k, *shown, outcome, story, f"{report.p_values[k]:.3g}")]
    heads = ("image", *views, "outcome", "taken", "p-value")
    return _table("Before and after; the p-value is the last one", heads, lines)


class _Markup(str):
    """Text that is HTML already."""


def _picture(image, alt):
    source = f"data:image/png;base64,{b64encode(png_bytes(image)).decode()}"
    height, width = image.shape[:2]
    small = max(height, width) <= _SMALL
    look = f'class="small" width="{3 * width}" height="{3 * height}"' if small else ""
    return _Markup(f'<img {look} alt="{escape(alt)}" src="{source}">')


def _table(caption, heads, lines):
    """A table; each line holds a name or number first, then numbers, texts and pictures."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "\n".join(f"<tr>{''.join(starmap(_cell, enumerate(line)))}</tr>" for line in lines)
    return (
        f"<table>\n<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>"
    )


def _cell(column, value):
    text = value if isinstance(value, _Markup) else escape(str(value))
    if column == 0:
        return f'<th scope="row">{text}</th>'
    return f'<td class="number">{text}</td>' if isinstance(value, int) else f"<td>{text}</td>"
