"""The rounds of one batch: propose, look again, judge, take."""

from typing import NamedTuple

import numpy as np

from ..correctors import accept, chosen_images, rms_change, smallest_change
from .rounds import Round


class _Seen(NamedTuple):
    """What the detector says of images: ``(n,)`` each, masks ``(n, height, width)``; of k
    candidates, with k in front."""

    scores: np.ndarray
    p_values: np.ndarray
    flagged: np.ndarray
    masks: np.ndarray


class Batch(NamedTuple):
    """A batch between two rounds; ``queue`` holds the places of the images still in work."""

    originals: np.ndarray
    content: np.ndarray | None
    images: np.ndarray
    seen: _Seen
    taken: np.ndarray  # (k, n): how often each candidate's proposal was taken
    queue: np.ndarray
    rounds: tuple


def batch_states(guard, images, content):
    """A batch after each finished round, or after the first look if nothing is flagged."""
    seen = _look(guard, images, content)
    taken = np.zeros((len(guard.candidates), len(images)), int)
    batch = Batch(images, content, images, seen, taken, np.flatnonzero(seen.flagged), ())
    if not len(batch.queue):
        yield batch
    while len(batch.queue) and len(batch.rounds) < guard.max_rounds:
        batch = _after_round(guard, batch)
        yield batch


class _Trials(NamedTuple):
    """k candidates' proposals for m images; where one was not asked, the image as it is."""

    images: np.ndarray  # (k, m, height, width, channels)
    seen: _Seen
    change: np.ndarray  # (k, m)
    asked: np.ndarray  # (k, m)
    accepted: np.ndarray  # (k, m)


def _after_round(guard, batch):
    """The batch after one more round for the images in its queue."""
    rows = batch.queue
    before = _Seen(*(values[rows] for values in batch.seen))
    trials = _tried(guard, batch, rows, before)
    choice = _choice(guard, trials)
    taken = choice >= 0
    done = _enough(guard, trials).any(axis=0)  # then such a proposal was chosen
    mended = chosen_images(batch.images[rows], trials.images, choice)
    ends = _Seen(*(_chosen(*pair, choice) for pair in zip(before, trials.seen, strict=True)))
    used = _with_choice(batch.taken, rows, choice)
    finished = Round(
        index=rows,
        scores=before.scores,
        p_values=before.p_values,
        flagged=before.flagged,
        masks=before.masks,
        tried=tuple(guard.candidates),
        asked=trials.asked,
        scores_after=trials.seen.scores,
        p_after=trials.seen.p_values,
        area_after=_area(trials.seen.masks),
        flagged_after=trials.seen.flagged,
        change=trials.change,
        accepted=trials.accepted,
        choice=choice,
        images=mended,
    )
    images, queue = _put(batch.images, rows, mended), rows[taken & ~done]
    return batch._replace(
        images=images,
        seen=_Seen(*(_put(*pair) for pair in zip(batch.seen, [rows] * 4, ends, strict=True))),
        taken=used,
        queue=queue[_anything_left(guard, images[queue], used[:, queue])],
        rounds=(*batch.rounds, finished),
    )


def _anything_left(guard, images, taken):
    """Whether any corrector would be asked about the images once more, ``(m,)``."""
    left = taken < guard.max_uses
    for number, corrector in enumerate(guard.candidates.values()):
        if corrector.translates_only and len(images):
            left[number] &= corrector.indicated_for(images)
    return left.any(axis=0)


def _tried(guard, batch, rows, before):
    """What the candidates propose, stage by stage: an image for which a proposal suffices is not
    asked about again."""
    k, m = len(guard.candidates), len(rows)
    trials = _Trials(
        np.stack([batch.images[rows]] * k),
        _Seen(*(np.stack([values] * k) for values in before)),
        *(np.zeros((k, m), kind) for kind in (float, bool, bool)),
    )
    for stage in range(3):
        choice = _choice(guard, trials)
        better = chosen_images(batch.images[rows], trials.images, choice)
        enough = _enough(guard, trials).any(axis=0)
        for number, (name, corrector) in enumerate(guard.candidates.items()):
            if _stage(corrector) == stage:
                open_ = ~enough & (batch.taken[number, rows] < guard.max_uses)
                places = _where_asked(corrector, better, open_, choice >= 0)
                if len(places):
                    _try(guard, name, batch, rows, before, trials, (number, places))
    return trials


def _stage(corrector):
    """When a candidate is asked: first those that only move pixels, then those that keep to the
    masks, then those that change all of an image."""
    return 0 if corrector.translates_only else 1 + corrector.whole_image


def _where_asked(corrector, images, open_, helped):
    """Places of the images about which a corrector is asked: those that only move pixels, only
    where they are plainly needed; the others, if another's proposal helped, though it was not
    enough, only where what that left plainly needs them."""
    asked, doubtful = open_.copy(), np.flatnonzero(open_ & (helped | corrector.translates_only))
    if len(doubtful):
        asked[doubtful] = corrector.indicated_for(images[doubtful])
    return np.flatnonzero(asked)


def _try(guard, name, batch, rows, before, trials, where):
    """Ask one candidate about some of the images, and fill in what comes of it."""
    corrector, (number, places) = guard.candidates[name], where
    own = rows[places]
    content = None if batch.content is None else batch.content[own]
    before = _Seen(*(values[places] for values in before))
    made = corrector.correct(batch.images[own], before.masks, content=content)
    after = _look_again(guard, made, content, batch.images[own], before)
    moved = rms_change(batch.originals[own], made)
    accepted = accept(
        before.scores,
        after.scores,
        before.p_values,
        after.p_values,
        moved,
        min_improvement=guard.min_improvements[name],
        max_change=corrector.max_change,
    )
    if corrector.whole_image:
        accepted &= _area(after.masks) <= _area(before.masks)
        accepted &= after.p_values >= guard.min_p_value
        accepted &= ~(after.flagged & corrector.translates_only)
    else:  # what it was not to change is as it was, whatever the detector now thinks of it
        after = after._replace(masks=after.masks & before.masks)
    for values, new in (
        (trials.images, made),
        *zip(trials.seen, after, strict=True),
        (trials.change, moved),
        (trials.asked, True),
        (trials.accepted, accepted),
    ):
        values[number, places] = new


def _choice(guard, trials):
    """Which proposal is taken, ``(m,)``; -1 for none."""
    max_changes = np.array([[corrector.max_change] for corrector in guard.candidates.values()])
    eligible = trials.accepted
    for better in (trials.accepted & ~trials.seen.flagged, _enough(guard, trials)):
        eligible = np.where(better.any(axis=0), better, eligible)
    return smallest_change(eligible, trials.change / max_changes)


def _enough(guard, trials):
    """Whether proposals leave nothing to do, ``(k, m)``: what only moved pixels spoilt nothing, and
    is accepted only if the image is no longer flagged; for the others that may be deception."""
    moved = np.array([[corrector.translates_only] for corrector in guard.candidates.values()])
    sound = trials.seen.p_values >= guard.target_p_value
    return trials.accepted & ~trials.seen.flagged & (sound | moved)


def _look(guard, images, content):
    found = guard.detector.detect(images, content=content)
    scores = guard.detector.acceptance_scores(found)
    return _Seen(scores, found.p_values, found.flagged, found.masks)


def _look_again(guard, made, content, images, before):
    """What the detector says of proposals; for those that change nothing it is known."""
    rows = np.flatnonzero((made != images).any(axis=(1, 2, 3)))
    if not len(rows):
        return before
    seen = _look(guard, made[rows], None if content is None else content[rows])
    return _Seen(*(_put(values, rows, new) for values, new in zip(before, seen, strict=True)))


def _area(masks):
    return masks.sum(axis=(-2, -1))


def _chosen(before, after, choice):
    """What holds for each image after the choice: the chosen candidate's, or what held before."""
    ends = before.copy()
    taken = np.flatnonzero(choice >= 0)
    ends[taken] = after[choice[taken], taken]
    return ends


def _with_choice(taken, rows, choice):
    taken = taken.copy()
    chosen = choice >= 0
    taken[choice[chosen], rows[chosen]] += 1
    return taken


def _put(values, rows, new):
    values = values.copy()
    values[rows] = new
    return values
