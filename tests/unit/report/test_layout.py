"""How pages lie on a telephone and on paper: words stay in their line, and pictures with their headings."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[3] / "analysis" / "report" / "page.css").read_text(encoding="utf-8")
CHROMIUM = shutil.which("chromium")
GAPS = """
for (const word of document.querySelectorAll("abbr")) {
  const before = document.createRange(); before.selectNodeContents(word.previousSibling);
  const after = word.getBoundingClientRect(), ends = [...before.getClientRects()].at(-1);
  document.body.dataset.gap = Math.abs(after.left - ends.right) + Math.abs(after.top - ends.top);
}
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
def test_on_a_telephone_an_abbreviation_stands_in_its_line(tmp_path: Path) -> None:
    """It was set apart by the free space of its cell, its letters one below the other where that was full."""
    cell = '<td data-head="value">312 <abbr title="10^12">TFLOP</abbr>/s of dense peak</td>'
    body = f'<table class="values"><tbody><tr><td data-head="path">peak</td>{cell}</tr></tbody></table>'
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html><style>{STYLE}</style><body>{body}<script>{GAPS}</script>")
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'chromium'}")
    asked = [str(CHROMIUM), *options, "--window-size=600,800", "--dump-dom", page.as_uri()]
    shown = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120).stdout
    found = re.search(r'data-gap="([\d.]+)"', shown)
    assert found is not None
    assert float(found[1]) < 2


@pytest.mark.parametrize("used_mm", range(150, 260, 10))
def test_on_paper_a_picture_stays_with_its_heading_and_its_table(used_mm: int) -> None:
    weasyprint = pytest.importorskip(
        "weasyprint", reason="the extra pdf is not installed", exc_type=(ImportError, OSError)
    )
    rows = "".join(f"<tr><td>month {number}</td></tr>" for number in range(4))
    picture = '<div class="figures"><figure><svg viewBox="0 0 9 5"></svg><figcaption>months</figcaption></figure></div>'
    beside = f'<div class="beside">{picture}<div><table class="grid"><tbody>{rows}</tbody></table></div></div>'
    body = f'<div style="height: {used_mm}mm"></div><h2>When</h2><p>As they run.</p>{beside}'
    pages = weasyprint.HTML(string=f"<!doctype html><style>{STYLE}</style><body>{body}").render().pages
    boxes = [(number, box.element_tag) for number, page in enumerate(pages) for box in page._page_box.descendants()]
    on = {tag: {number for number, found in boxes if found == tag} for tag in ("h2", "p", "figure", "tr")}
    assert on["h2"] == on["p"] == on["figure"] == on["tr"]
    assert len(on["tr"]) == 1
