"""What holds on every page that flopcast writes: complete, closed in itself, and in words that it explains."""

import re
from html.parser import HTMLParser

from analysis.report.glossary import abbreviations, glossary, meanings_of, visible

MOST_BYTES = 2_000_000
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Outline(HTMLParser):
    """Tags with their attributes, visible text, abbreviations that are marked, and whether all is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.marked: list[tuple[str, str | None]] = []
        self.feed(text.replace("<wbr>", ""))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "abbr":
            self.marked.append((data, self.tags[-1][1]["title"]))
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def audit(text: str) -> Outline:
    """Hold a page against all that holds of every page, and return its outline."""
    outline = Outline(text)
    assert outline.open == []
    assert len(text.encode()) < MOST_BYTES
    identifiers = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    _needs_nothing_else(text, outline)
    _has_its_pictures(outline)
    shown = outline.text.split("The resolved scenario")[0]
    assert not re.search(r"\b(NaN|nan|inf|None|Undefined)\b|\{\{|\}\}", shown)
    _explains_its_words(text, outline)
    return outline


def _needs_nothing_else(text: str, outline: Outline) -> None:
    for tag, attributes in outline.tags:
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            target = attributes.get(name)
            assert target is None or target.startswith(("data:", "#")), (tag, target)
        assert tag not in ("script", "link", "iframe", "object")
    assert "@import" not in text
    assert set(re.findall(r"url\((.)", text)) <= {"#"}


def _has_its_pictures(outline: Outline) -> None:
    """Assert that each figure has a picture with words, and that what a picture refers to is there."""
    names = [tag for tag, _ in outline.tags]
    pictures = [attributes for tag, attributes in outline.tags if tag in ("svg", "img")]
    assert pictures
    assert names.count("figure") == len(pictures) == names.count("figcaption")
    for attributes in pictures:
        assert attributes.get("role") == "img"
        assert len(attributes.get("aria-label") or "") > 20
    there = {attributes.get("id") for _, attributes in outline.tags}
    for _, attributes in outline.tags:
        said = " ".join(f'{name}="{value}' for name, value in attributes.items())
        for target in re.findall(r'(?:href="|url\()#([\w.-]+)', said):
            assert target in there


def _explains_its_words(text: str, outline: Outline) -> None:
    """Assert that exactly the abbreviations in use are explained, where they stand first and in the list of words."""
    long = glossary().abbreviations
    body, _, words = text.partition('<section id="words">')
    used = dict.fromkeys(abbreviations(visible(body)))
    assert [short for short in used if short not in long] == []
    assert meanings_of(body).keys() >= used.keys()
    listed = re.findall(r"<dt>([^<]+)</dt>", words)
    assert listed == [word for word in glossary().meanings if word in meanings_of(body)]
    needed = {each for word in listed for each in abbreviations(glossary().meanings[word])}
    assert set(listed) & long.keys() == used.keys() | (needed & long.keys())
    titles = [long[next(abbreviations(short))].partition(":")[0] for short, _ in outline.marked]
    assert [title for _, title in outline.marked] == titles
    written = dict.fromkeys(abbreviations(visible(re.sub(r'aria-label="[^"]*"', "", body))))
    assert [next(abbreviations(short)) for short, _ in outline.marked] == list(written)
