"""The model card for who decides whether to trust a scorecard: verdicts, and the page."""

import base64
import re
from html.parser import HTMLParser

import pytest
from card_builders import NAMES, make_card, make_evaluation, make_result, make_training, row_of
from fit_builders import make_scorecard
from hostile_names import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from training.card_page import card_page
from training.fit_report import fit_section
from training.markdown_text import plain
from training.model_card import model_card
from training.quality_report import error_interval

PICTURE = b"\x89PNG one"
PLOTS = {"plots/calibration.png": PICTURE, "plots/peers.png": b"\x89PNG two"}


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and the text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self._open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_data(self, data):
        if "style" not in self._open[-1:]:
            self.text.append(data)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def sparse(*places):
    return {
        "dimensions": ["acct_age", "region"],
        "places": [
            {"where": list(where), "accounts": 200, "few": 30, "effective_peers": 81.4}
            for where in places
        ],
    }


def make_page(*, plots=PLOTS, **evaluation):
    told = {**make_evaluation(), **evaluation}
    card = model_card(make_scorecard(NAMES), make_training(), told, plots=plots)
    return card_page(card, title="Model card: test", pictures=plots)


def test_a_verdict_stands_with_its_interval_and_its_limit():
    card = make_card(evaluation=make_evaluation(bots=make_result(pit_ks=0.0456)))

    row = row_of(card, "bots", "## How right it is")

    assert row[2:] == ["4.6 (2.3 to 6.9)", "2.3"]
    assert row[1].startswith("off by up to 4.6 percentage points")


@given(error=st.floats(0, 1), noise=st.floats(0, 1))
def test_the_interval_of_an_error_holds_it_and_is_one(error, noise):
    low, high = error_interval({"pit_ks": error, "pit_ks_noise_95": noise})

    assert 0 <= low <= error <= high <= 1


def test_places_with_few_peers_are_named_with_their_share_of_the_accounts():
    evaluation = make_evaluation() | {"sparse": sparse(("0 to 18.9", "JP"))}

    card = make_card(evaluation=evaluation)

    assert "347 of 3,468 accounts (10.0%) have fewer than 100 effective peers" in card
    assert "| 0 to 18.9 | JP | 200 (5.8%) | 81 | 30 |" in card


def test_an_older_evaluation_says_nothing_of_places():
    assert "## Where peers are few" not in make_card()


def test_dates_and_reasons_of_refusals_are_told():
    training = make_training() | {
        "newest": "2026-10-31",
        "scoring_date": "2026-11-01",
        "refused_for": {"acct_age is not a number": 1021},
    }

    card = make_card(training=training)

    assert "The newest row is of 2026-10-31." in card
    assert "Dates count as days before 2026-11-01." in card
    assert "- acct_age is not a number: 1,021" in card


def test_a_page_is_whole_in_itself():
    page = Page(make_page())

    assert page.all("html") == [{"lang": "en"}]
    assert not {tag for tag, _ in page.elements} & {"script", "link", "iframe", "object", "form"}
    sources = [image["src"] for image in page.all("img")]
    assert [base64.b64decode(source.partition(",")[2]) for source in sources] == [*PLOTS.values()]
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert "default-src 'none'" in policy
    assert "http" not in re.sub(r"base64,[^\"]*", "", make_page()).replace("http-equiv", "")


def test_who_cannot_see_is_told_what_is_shown():
    page = Page(make_page(sparse=sparse(("0 to 18.9", "JP"))))

    assert "".join(page.text).count("Model card: test") == 1, "the title"
    assert all(len(image["alt"]) > 40 for image in page.all("img"))
    regions = [part["aria-label"] for part in page.all("div")]
    assert regions == [
        "Table: How right it is",
        "Table: The figures",
        "Table: Where peers are few",
        "Table: What is scored",
    ]
    scopes = [cell["scope"] for cell in page.all("th")]
    assert scopes.count("col") == 4 + 9 + 5 + 8
    assert scopes.count("row") == 3 + 3 + 1 + 3
    headings = [tag for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1


def test_a_page_can_be_read_on_a_dark_screen():
    assert "color-scheme: light dark" in make_page()
    assert "@media (prefers-color-scheme: dark)" in make_page()


def test_pictures_are_not_shrunk_and_do_not_glare_on_a_dark_screen():
    styles = make_page().split("<style>")[1].split("</style>")[0]

    assert "p:has(img) { max-width: none; overflow-x: auto; }" in styles
    dark = styles.split("@media screen and (prefers-color-scheme: dark)")[1]
    assert "filter: brightness" in dark


def test_a_page_without_a_picture_leaves_it_out():
    page = Page(make_page(plots={}))

    assert not page.all("img")
    assert "calibration.png" not in make_page(plots={})


def test_a_link_to_another_picture_is_not_followed():
    html = card_page("![far](http://example.com/x.png)", title="t", pictures=PLOTS)

    assert not Page(html).all("img")
    assert "(far)" in "".join(Page(html).text)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_and_never_obeyed(name):
    evaluation = make_evaluation(**{name: make_result()}) | {"sparse": sparse((name, name))}
    training = make_training() | {"refused_for": {name: 1}}
    card = model_card(make_scorecard(NAMES), training, evaluation, plots=PLOTS)

    page = Page(card_page(card, title=name, pictures=PLOTS))

    usual = Page(make_page(sparse=sparse(("one", "two"))))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in usual.elements} | {"li", "ul"}
    assert len(page.all("img")) == len(PLOTS)
    assert not page.all("a")
    shown = " ".join("".join(page.text).split())
    # In the summary no; in two tables, as the title, twice as a place, as a reason.
    assert shown.count(" ".join(name.split())) >= 5


@given(text=st.text(max_size=40))
def test_a_text_is_read_back_from_markdown_as_it_was_written(text):
    html = (
        MarkdownIt("commonmark", {"html": False})
        .enable("table")
        .render(f"| head |\n|---|\n| {plain(text)} |")
    )

    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    page = Page(html)
    assert [tag for tag, _ in page.elements] in (
        ["table", "thead", "tr", "th", "tbody", "tr", "td"],
        ["table", "thead", "tr", "th"],
    )
    assert "".join(page.text).split() == ["head", *shown.split()]


def test_every_word_of_the_markdown_is_on_the_page():
    card = model_card(make_scorecard(NAMES), make_training(), make_evaluation(), plots=PLOTS.keys())

    words = set("".join(Page(card_page(card, title="t", pictures=PLOTS)).text).split())

    prose = re.sub(r"!\[.*?\]\(.*?\)|[*#`]|^- |---:?", "", card, flags=re.MULTILINE)
    assert {word.strip("|") for word in prose.split()} - words == {""}


def test_the_pictures_of_peers_are_shown_where_there_are_some():
    section = "\n".join(fit_section(make_scorecard(NAMES), make_training(), ["plots/medians.png"]))

    assert "](plots/medians.png)" in section
    assert "peers.png" not in section
