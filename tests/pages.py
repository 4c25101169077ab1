"""pages: what tests ask of every report's page for a browser, and the browser they ask with."""
import re
from html.parser import HTMLParser

import numpy
import pytest

import browser as chromium
from conftest import UNDER_CI

HOSTILE = "<script>alert(1)</script>\"'&\u202e\x01é"
BYTES_MAX = 100_000

# Text and what it stands on, as [ratio, text]: every text node that is seen, its colour over that of the
# nearest ancestor with one. In a picture the text may stand on the shade of the window.
CONTRASTS = """(() => {
  const rgb = text => { const [r, g, b, a] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a ?? 1]; };
  const part = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = c => .2126 * part(c[0]) + .7152 * part(c[1]) + .0722 * part(c[2]);
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + .05) / (y + .05); };
  const ground = node => { for (; node; node = node.parentElement) {
      const c = rgb(getComputedStyle(node).backgroundColor); if (c[3] > 0) return c; }
    return [255, 255, 255, 1]; };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), at = walker.currentNode.parentElement;
    if (!text || at.closest('title, desc, style')) continue;
    const picture = at.closest('svg'), style = getComputedStyle(at), colour = rgb(picture ? style.fill : style.color);
    const grounds = [ground(at)];
    if (picture) picture.querySelectorAll('rect.window').forEach(r => grounds.push(rgb(getComputedStyle(r).fill)));
    grounds.forEach(g => found.push([ratio(colour, g), text]));
  }
  return found; })()"""


@pytest.fixture(scope="module")
def browser():
    if not chromium.program():
        if UNDER_CI:
            pytest.fail("no Chromium, and this is CI: it stands in tests/packages.txt", pytrace=False)
        pytest.skip("NO CHROMIUM: install the packages of tests/packages.txt")
    window = chromium.Browser()
    yield window
    window.close()


class Outline(HTMLParser):
    """Elements in order, with the text of table cells; that tags are closed in order is checked."""

    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.rows = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def check_source(path):
    """One small file that needs nothing else and runs nothing; identities are unique and are those referred to."""
    text = path.read_text()
    outline = Outline(text)
    assert path.stat().st_size < BYTES_MAX
    assert not outline.all("script") and not outline.all("link") and not outline.all("img")
    attributes = {name for _, each in outline.elements for name in each}
    assert not attributes & {"src", "style"} and not any(name.startswith("on") for name in attributes)
    assert all(link["href"].startswith("#") for link in outline.all("a"))
    assert "url(" not in text and "@import" not in text
    assert "<script" not in text and "\u202e" not in text and "\x01" not in text
    identities = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(identities) == len(set(identities))
    referred = [name for _, attributes in outline.elements for name in attributes.get("aria-labelledby", "").split()]
    assert referred and set(referred) <= set(identities)


def check_rendered(window, path, width, scheme):
    """It renders in the colours asked for, fits the width, and neither complains nor fetches anything."""
    window.open(path, width, scheme)
    picture = window.picture()
    ground = picture[0, 0]
    assert (ground.min() > 200) == (scheme == "light") and (ground.max() < 60) == (scheme == "dark")
    drawn = (numpy.abs(picture.astype(int) - ground).max(axis=2) > 60).mean()
    assert picture.shape[1] == width and 0.01 < drawn < 0.5
    assert window.run("document.documentElement.scrollWidth") <= width
    assert window.complaints() == [] and window.requests() == [f"file://{path}"]


def check_contrast(window, path, scheme, media, texts):
    """Of every text that is seen, of which there are at least so many."""
    window.open(path, 1280, scheme, media)
    found = window.run(CONTRASTS)
    assert len(found) > texts
    assert [text for ratio, text in found if ratio < 4.5] == []


def check_paper(window, path):
    """On paper it is dark on white, and nothing is cut at the edge; returns its pages."""
    window.open(path, 700, "dark", "print")
    assert (window.picture()[0, 0] == 255).all()
    assert window.run("document.documentElement.scrollWidth") <= 700
    window.open(path, 1280, "dark")
    paper = window.pdf()
    assert paper.startswith(b"%PDF")
    return len(re.findall(rb"/Type\s*/Page\b", paper))


def accessible_names(window, path):
    """Names by role, and headings with their levels: one of the first, and none skips a level."""
    window.open(path, 1280)
    tree = window.accessible()
    headings = [(name, properties["level"]) for role, name, properties in tree if role == "heading"]
    assert headings[0][1] == 1 and [level for _, level in headings].count(1) == 1
    assert all(next_level - level <= 1 for (_, level), (_, next_level) in zip(headings, headings[1:]))
    names = {role: [name for found, name, _ in tree if found == role]
             for role in ("table", "columnheader", "rowheader", "image", "img", "main", "region")}
    assert len(names["main"]) == 1 and all(names["image"] + names["img"])
    return names, headings


class EveryPage:
    """What holds of every page: a subclass of each test file makes `page`, a fixture: (path, the report as JSON)."""
    texts = 200  # that are seen, at least

    def test_it_is_one_small_file_without_scripts(self, page):
        check_source(page[0])

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [360, 1280])
    def test_it_renders_without_a_complaint_and_fits(self, browser, page, width, scheme):
        check_rendered(browser, page[0], width, scheme)

    @pytest.mark.parametrize("scheme,media", [("light", ""), ("dark", ""), ("dark", "print")])
    def test_all_text_has_contrast(self, browser, page, scheme, media):
        check_contrast(browser, page[0], scheme, media, self.texts)

    def test_it_prints(self, browser, page):
        assert 2 <= check_paper(browser, page[0]) <= 12
