import base64
import io
from dataclasses import replace
from html.parser import HTMLParser

import matplotlib

matplotlib.use("Agg")

from styleguard_edu.guard import GuardReport, Round
from styleguard_edu.images import to_uint8
from styleguard_edu.plotting import tint_masks

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

TRIED = ("realign", "median & more")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def pictures(*greys):
    return np.ones((len(greys), 4, 4, 1), np.float32) * np.reshape(greys, (-1, 1, 1, 1))


def corner(*sides):
    masks = np.zeros((len(sides), 4, 4), bool)
    for mask, side in zip(masks, sides, strict=True):
        mask[:side, :side] = True
    return masks


def one_round(index, scores, masks, after, choice, images):
    """A round of two candidates; ``after`` holds k rows of the scores after, all p-values 0.1."""
    after = np.array(after, float)
    return Round(
        index=np.array(index),
        scores=np.array(scores, float),
        p_values=np.full(len(index), 0.01),
        flagged=np.ones(len(index), bool),
        masks=masks,
        tried=TRIED,
        asked=np.ones_like(after, bool),
        scores_after=after,
        p_after=np.where(after <= 2, 0.1, 0.01),
        area_after=np.where(after <= 2, 0, 1),
        flagged_after=after > 2,
        change=after / 100,
        accepted=np.array(choice) == [[0], [1]],
        choice=np.array(choice),
        images=images,
    )


def report(**changed):
    """Of five images 0 passed, 1 was corrected at once and 4 in two rounds; 2 and 3 are for
    review, 3 changed."""
    after = [[1, 9, 5, 5], [2, 9, 6, 4]], [[5, 1], [5, 2]]
    choices, ends = ([0, -1, 0, 1], [-1, 0]), (pictures(0, 0.2, 0.5, 0.6), pictures(0.5, 0))
    settings = {
        "images": pictures(0, 0, 0.2, 0.5, 0),
        "originals": pictures(0, 0.1, 0.2, 0.3, 0.4),
        "flagged": np.isin(range(5), (2, 3)),
        "accepted": np.isin(range(5), (1, 3, 4)),
        "p_values": np.array([0.5, 0.1, 0.01, 0.01, 0.1]),
        "scores": np.array([0.5, 1, 8, 5, 1]),
        "rounds": (
            one_round(
                [1, 2, 3, 4], [9, 8, 7, 6], corner(1, 2, 3, 4), after[0], choices[0], ends[0]
            ),
            one_round([3, 4], [5, 4], corner(1, 1), after[1], choices[1], ends[1]),
        ),
        "false_alarm_rate": 0.05,
        "rate_of": "of clean images",
        "max_rounds": 3,
    }
    return GuardReport(**{**settings, **changed})


def nothing_flagged(n=3):
    images, none = pictures(*[0] * n), np.zeros(n, bool)
    same = {"images": images, "originals": images, "flagged": none, "accepted": none}
    return report(**same, p_values=np.full(n, 0.5), scores=np.zeros(n), rounds=())


def test_an_outcome_says_whether_it_was_flagged_corrected_and_is_flagged_still():
    outcomes = report().outcomes.tolist()
    assert outcomes == ["passed", "corrected", "for review", "for review", "corrected"]
    assert set(outcomes) == set(GuardReport.OUTCOMES)


def test_every_flagged_image_has_a_reason_for_which_the_loop_was_over():
    both = report()
    assert both.reasons.tolist() == ["", "", *["no acceptable proposal"] * 2, ""]
    last = replace(both.rounds[1], choice=np.array([0, 0]))  # 3 was corrected again, and flagged
    for most, reason in ((3, "every corrector used"), (2, "every round used")):
        again = report(rounds=(both.rounds[0], last), max_rounds=most)
        assert again.reasons[3] == reason and again.reasons[2] == "no acceptable proposal"
    assert set(GuardReport.REASONS) == {"no acceptable proposal", *(reason, "every corrector used")}


def test_a_round_tells_areas_what_was_corrected_and_by_which_corrector():
    first, second = report().rounds
    assert first.area.tolist() == [1, 4, 9, 16]
    assert first.corrected.tolist() == [True, False, False, False]
    assert second.corrected.tolist() == [False, True]
    assert first.taken_by() == {"realign": 2, "median & more": 1}
    assert second.taken(second.scores_after, second.scores).tolist() == [5, 1]


def test_the_summary_counts_outcomes_and_rounds_and_says_what_ended_the_loop_early():
    assert str(report(interrupted="stopped by hand")).splitlines() == [
        "5 images: 1 passed, 4 flagged (p-value at most 0.05).",
        "Of the flagged, 2 corrected, 2 for review (1 of them changed).",
        "Round 1: 4 images, 3 proposals taken (realign 2, median & more 1), 1 corrected.",
        "Round 2: 2 images, 1 proposal taken (realign 1), 1 corrected.",
        "Not complete: stopped by hand.",
    ]
    assert str(nothing_flagged(1)) == "1 image: 1 passed, 0 flagged (p-value at most 0.05)."


def test_a_report_in_a_cell_is_one_line_or_a_small_table():
    assert repr(report()) == "GuardReport(5 images: 1 passed, 2 corrected, 2 for review)"
    assert repr(report(interrupted="by hand")).endswith("for review, interrupted)")
    table = Page(report()._repr_html_())
    assert table.of("td")[:6:2] == ["1", "2", "2"] and not table.links
    assert "color" not in report()._repr_html_()  # so a dark theme's own colours show


# The table.


def test_the_table_follows_each_image_from_the_first_look_through_its_rounds():
    frame = report().to_frame()
    assert frame["image"].tolist() == [0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4]
    assert frame["round"].tolist() == [0, 0, 1, 0, 1, 0, 1, 2, 0, 1, 2]
    expected = pd.DataFrame(
        {
            "corrector": [None, "realign", None, None, "median & more", "realign"],
            "score": [7.0, 5, 5, 6, 4, 1],
            "p_value": [0.01, 0.01, 0.01, 0.01, 0.01, 0.1],
            "flagged": [True, True, True, True, True, False],
            "area": [9, 1, 1, 16, 1, 0],
            "change": [0.0, 0.05, 0.05, 0, 0.04, 0.01],
            "outcome": ["for review"] * 3 + ["corrected"] * 3,
        }
    )
    shown = frame[frame["image"] >= 3].drop(columns=["image", "round"])
    pd.testing.assert_frame_equal(shown.reset_index(drop=True), expected)
    assert nothing_flagged().to_frame()["outcome"].tolist() == ["passed"] * 3


# Pictures.


def titles(ax):
    names = {"before", "looked wrong", "after"}
    return [text.get_text() for text in ax.texts if text.get_text() not in names]


def test_the_contact_sheet_shows_what_was_flagged_by_outcome_where_told():
    _, mine = plt.subplots()
    assert report().contact_sheet(ax=mine) is mine
    assert titles(mine) == ["1\ncorrected", "4\ncorrected", "2\nfor review", "3\nfor review"]
    assert titles(nothing_flagged().contact_sheet(2)) == ["0\npassed", "1\npassed"]


def test_each_outcome_is_shown_before_one_is_shown_again():
    assert report().examples(3).tolist() == [1, 4, 2]
    assert report().examples(2).tolist() == [1, 2]


def test_at_least_one_image_is_shown():
    with pytest.raises(ValueError, match=r"most must be a whole number >= 1\. Received: 0"):
        report().contact_sheet(0)


def test_images_without_a_mask_looked_right_everywhere():
    masks = report().first_masks(np.array([4, 0, 2]))
    np.testing.assert_array_equal(masks, corner(4, 0, 2))


# The page.


class Page(HTMLParser):
    """What a reader of the page meets: texts by tag, and pictures."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.pictures, self.links = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "img":
            self.pictures.append((attributes["alt"], attributes["src"]))
        elif tag != "meta":
            self.open.append(tag)
        self.links += [attributes[name] for name in ("href", "src") if name in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append((self.open[-1], data.strip()))

    def of(self, tag):
        return [text for other, text in self.texts if other == tag]


@pytest.fixture
def page(tmp_path):
    return Page(report().to_html(tmp_path / "report.html").read_text(encoding="utf-8"))


def test_the_page_is_complete_and_has_a_title_and_one_main_heading_and_needs_no_network(page):
    assert page.open == []
    assert page.of("title") == page.of("h1") == ["What the guard did with 5 images"]
    assert page.links and all(link.startswith("data:image/png;base64,") for link in page.links)


def test_the_page_counts_the_outcomes_and_tells_the_rounds(page):
    cells = page.of("td")
    assert cells[:6:2] == ["1", "2", "2"] and cells[5].endswith("(1 of these changed)")
    assert cells[6:14] == ["4", "3", "1", "realign 2, median & more 1", "2", "1", "1", "realign 1"]


def test_each_picture_of_the_page_is_an_image_and_says_what_it_shows(page):
    alts, sources = zip(*page.pictures[3:6], strict=True)
    assert alts == (
        "Image 4 before",
        "Where image 4 looked wrong, in amber",
        "Image 4 after: corrected",
    )
    before, after = to_uint8(pictures(0.4, 0))[..., 0]
    amber = to_uint8(tint_masks(pictures(0.4), corner(4)))[0]
    for source, expected in zip(sources, (before, amber, after), strict=True):
        shown = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
        np.testing.assert_array_equal(np.asarray(shown), expected)


def test_beside_each_image_stand_outcome_repairs_and_p_value(page):
    texts = [text for tag, text in page.texts if tag in ("th", "td")]
    start = texts.index("p-value") + 1
    assert texts[start : start + 8] == [
        *["1", "corrected", "realign", "0.1"],
        *["4", "corrected", "median & more, realign", "0.1"],
    ]


PART = "2 of the 4 that were flagged, some of each outcome."
TILES = {"rate_of": "of clean tiles", "interrupted": "1 < 2 images"}


@pytest.mark.parametrize(
    ("shown", "most", "count", "sentences"),
    [
        (report(), 2, 2, [PART]),
        (report(**TILES), 9, 4, ["at most 0.05: of clean tiles,", "Not complete: 1 < 2 images."]),
        (nothing_flagged(), 9, 3, ["None: nothing was flagged.", "what came first: 3 images."]),
        (nothing_flagged(1), 9, 1, ["the guard did with 1 image", "what came first: 1 image."]),
    ],
)
def test_the_page_says_what_is_shown_and_promised(tmp_path, shown, most, count, sentences):
    page = Page(shown.to_html(tmp_path / "page.html", most=most).read_text(encoding="utf-8"))
    text = " ".join(" ".join(page.of("h1") + page.of("p")).split())
    assert all(sentence in text for sentence in sentences), text
    assert len(page.pictures) == 3 * count


def test_a_page_that_cannot_be_made_leaves_the_old_one(tmp_path):
    path = report().to_html(tmp_path / "page.html")
    before = path.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="images must lie in"):
        replace(report(), originals=pictures(2, 2, 2, 2, 2)).to_html(path)
    assert path.read_text(encoding="utf-8") == before
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
