"""The loop of a guard for one batch: detect, let correctors propose, look again, judge, take."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..correctors.acceptance import acceptable, rms_change, smallest_change
from .rounds import Round


class Looks(NamedTuple):
    """Images and what the detector says of them; ``change`` is from the image as it came in.

    ``(n,)`` each, masks ``(n, height, width)``, images ``(n, height, width, channels)``; of k
    proposals for each image, k + 1 in front: the last are the images as they are.
    """

    scores: np.ndarray
    p_values: np.ndarray
    flagged: np.ndarray
    masks: np.ndarray
    images: np.ndarray
    change: np.ndarray

    def at(self, rows):
        """Those of some of the images."""
        return Looks(*(values[rows] for values in self))


class Batch(NamedTuple):
    """A batch between two rounds, with k correctors and n images."""

    originals: np.ndarray
    content: np.ndarray | None
    now: Looks
    uses: np.ndarray  # (k, n): how often each corrector's proposal was taken
    queue: np.ndarray  # places of the m images still in work, ascending
    due: np.ndarray  # (k, m): which correctors may be asked about them
    rounds: tuple


@dataclass(frozen=True)
class Loop:
    """The loop of a :class:`styleguard_edu.guard.StyleGuard` whose settings were checked."""

    guard: object
    detector: object  # the guard's, at the guard's rate
    correctors: list

    def batches(self, images, content):
        """Yield a batch after each round, or after the first look if nothing is flagged."""
        now = Looks(*self._detect(images, content), images, np.zeros(len(images)))
        uses = np.zeros((len(self.correctors), len(images)), int)
        queue = np.flatnonzero(now.flagged)
        due = self._due(images[queue], uses[:, queue])
        batch = Batch(images, content, now, uses, queue, due, ())
        if not len(queue):
            yield batch
        while len(batch.queue) and len(batch.rounds) < self.guard.max_rounds:
            batch = self._after_round(batch)
            yield batch

    def _after_round(self, batch):
        """The batch after one more round for the images in its queue."""
        queue, before = batch.queue, batch.now.at(batch.queue)
        looks, asked, accepted, choice, enough = self._proposals(batch, before)
        after = looks.at((choice, np.arange(len(queue))))  # -1 is the image as it is
        taken, uses = choice >= 0, batch.uses.copy()
        uses[choice[taken], queue[taken]] += 1
        left = np.flatnonzero(taken & ~enough)
        due = self._due(after.images[left], uses[:, queue[left]])
        open_ = due.any(axis=0)
        scores, p_values, flagged, masks, _, change = (values[:-1] for values in looks)
        areas = masks.sum(axis=(-2, -1))
        proposed = asked, scores, p_values, areas, flagged, change, accepted
        round_ = Round(
            queue, *before[:4], tuple(self.guard.correctors), *proposed, choice, after.images
        )
        return batch._replace(
            now=Looks(*_replaced(batch.now, queue, after)),
            uses=uses,
            queue=queue[left[open_]],
            due=due[:, open_],
            rounds=(*batch.rounds, round_),
        )

    def _due(self, images, uses):
        """Which correctors may be asked, ``(k, m)``: those that are not used up; those that only
        move pixels, only where an image needs them at sight."""
        due = uses < (self.guard.max_uses or self.guard.max_rounds)
        for row, corrector in zip(due, self.correctors, strict=True):
            if corrector.translates_only and row.any():
                row &= corrector._indicated_for(images)
        return due

    def _proposals(self, batch, before):
        """What is proposed, the gentlest first, and what is chosen of it.

        Where a proposal is enough, no other corrector is asked. Where one helped, another is only
        asked if what is left needs it at sight.
        """
        k, m = batch.due.shape
        looks = Looks(*(np.stack([values] * (k + 1)) for values in before))
        asked, accepted = np.zeros((k, m), bool), np.zeros((k, m), bool)
        choice, enough = np.full(m, -1), np.zeros(m, bool)
        stages = [0 if c.translates_only else 1 + c.whole_image for c in self.correctors]
        for stage in sorted(set(stages)):
            best = looks.images[choice, np.arange(m)]
            for k, corrector in enumerate(self.correctors):
                if stages[k] == stage:
                    asked[k] = batch.due[k] & ~enough
                    helped = np.flatnonzero(asked[k] & (choice >= 0))
                    if len(helped):
                        asked[k, helped] = corrector._indicated_for(best[helped])
                    rows = np.flatnonzero(asked[k])
                    if len(rows):
                        after, accepted[k, rows] = self._proposal(corrector, batch, before, rows)
                        for values, new in zip(looks, after, strict=True):
                            values[k, rows] = new
            if asked.any():
                choice, enough = self._judge(looks, accepted)
        return looks, asked, accepted, choice, enough

    def _proposal(self, corrector, batch, before, rows):
        """What one corrector makes of images of the queue, and which of it is acceptable."""
        places, before = batch.queue[rows], before.at(rows)
        content = None if batch.content is None else batch.content[places]
        made = corrector._correct(before.images, before.masks, content)
        seen = before[:4]
        new = np.flatnonzero((made != before.images).any(axis=(1, 2, 3)))
        if len(new):  # the others were seen already
            found = self._detect(made[new], None if content is None else content[new])
            seen = _replaced(seen, new, found)
        after = Looks(*seen, made, rms_change(batch.originals[places], made))
        accepted = acceptable(
            *(before.scores, after.scores, before.p_values, after.p_values, after.change),
            *(self.guard.min_improvement, corrector.max_change),
        )
        if corrector.whole_image:
            accepted &= after.masks.sum(axis=(1, 2)) <= before.masks.sum(axis=(1, 2))
            accepted &= after.p_values >= self.guard.min_p_value
            accepted &= ~(after.flagged & corrector.translates_only)
        else:  # what it was not to change is as it was, whatever the detector now thinks of it
            after = after._replace(masks=after.masks & before.masks)
        return after, accepted

    def _judge(self, looks, accepted):
        """Which proposal is taken, -1 for none, and whether that is enough, ``(m,)`` each."""
        moves = np.array([[one.translates_only] for one in self.correctors])
        most = np.array([[one.max_change] for one in self.correctors])
        good = accepted & ~looks.flagged[:-1]
        # moving pixels loses nothing; after other changes, to look clean may be deception
        enough = good & (moves | (looks.p_values[:-1] >= (self.guard.target_p_value or 0)))
        for better in (good, enough):
            accepted = np.where(better.any(axis=0), better, accepted)
        return smallest_change(accepted, looks.change[:-1] / most), enough.any(axis=0)

    def _detect(self, images, content):
        """The first four of :class:`Looks`."""
        found = self.detector._detect(images, content)
        scores = self.detector.acceptance_scores(found)
        return scores, found.p_values, found.flagged, found.masks


def _replaced(arrays, rows, new):
    """Copies of the arrays with new values in some rows."""
    copies = [values.copy() for values in arrays]
    for values, some in zip(copies, new, strict=True):
        values[rows] = some
    return copies
