"""The book on paper and in pictures, by a headless Chromium.

`python -m utils.print_pages pdf` writes the whole book to _build/pdf/book.pdf; `… screenshots` redraws the
README's pictures from the rendered book.
"""

import argparse
import io
import subprocess
import sys
from pathlib import Path

from PIL import Image

from utils import pages
from utils.repository import ROOT

PICTURES = ROOT / "book" / "_static" / "screenshots"
# name → page, the element to bring to the top ("" for the page's beginning), width and height, dark or not
SCREENSHOTS = {
    "first_page": ("book/index.html", "", 1280, 1000, False),
    "lab": ("labs/bottom_up/superposition.html", "figure.lab-figure >> nth=1", 1280, 800, False),
    "lab_dark": ("labs/bottom_up/superposition.html", "figure.lab-figure >> nth=1", 1280, 800, True),
    "exercise": ("labs/bottom_up/superposition.html", "section[id^=exercise-1]", 1280, 800, False),
    "results": ("book/results.html", "table.results", 1280, 800, False),
}
# What the theme's own print style leaves to do when a whole book is printed and not a page.
SHEET = """
#jb-print-docs-body, .bd-header-article, .headerlink, .copybtn, .prev-next-footer, .bd-footer-content,
.toggle-button, details.hide > summary { display: none !important; }
.bd-main .bd-content .bd-article h1:first-of-type { display: block !important; }
.bd-main .bd-content { margin-left: 0; }
.bd-main .bd-content .bd-article-container { max-width: none; }
span[id^="document-"] { break-before: page; display: block; }
* { animation: none !important; transition: none !important; }
"""
FOOT = '<div style="font-size:8pt;width:100%;text-align:center"><span class="pageNumber"></span></div>'


def pdf(target: Path = ROOT / "_build" / "pdf" / "book.pdf") -> Path:
    """Print the book as one document: light figures, typeset mathematics, hints and solutions unfolded.

    Raises FileNotFoundError where no Chromium is found, CalledProcessError where the book does not build.
    """
    book = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-n", "--keep-going", "--all"]
    subprocess.run(
        [*book, "--builder", "singlehtml", "--path-output", str(target.parent)], cwd=ROOT, check=True
    )
    folder = target.parent / "_build" / "singlehtml"
    # Sphinx writes the page where the book's first page lies, but its links as if it lay at the top.
    (folder / "book" / "index.html").replace(folder / "index.html")
    (folder / "searchindex.js").touch()  # asked for by every page, made only for the site
    with (
        pages.serve(folder, prefix="/") as site,
        pages.browser() as chromium,
        pages.visit(chromium, site + "index.html") as (page, wrong),
    ):
        page.add_style_tag(content=SHEET)
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        margin = dict.fromkeys(["top", "bottom", "left", "right"], "20mm")
        page.pdf(
            path=target, format="A4", margin=margin, outline=True, tagged=True, scale=0.8,
            display_header_footer=True, header_template="<span></span>", footer_template=FOOT,
        )  # fmt: skip
        if wrong:
            raise RuntimeError("the page that was printed is broken: " + "; ".join(wrong))
    return target


def screenshots(folder: Path = PICTURES) -> list[Path]:
    """Take the README's pictures from the rendered book; return their files.

    Raises FileNotFoundError where no Chromium is found.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with pages.serve() as site, pages.browser() as chromium:
        for name, (address, element, width, height, dark) in SCREENSHOTS.items():
            with pages.visit(chromium, site + address, width, dark) as (page, _):
                page.set_viewport_size({"width": width, "height": height})
                if element:
                    page.locator(element).first.evaluate(
                        "(e) => scrollTo(0, scrollY + e.getBoundingClientRect().top - 60)"
                    )
                page.wait_for_timeout(300)  # the table of contents follows the scrolling
                picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                picture.quantize(128, dither=Image.Dither.NONE).save(folder / f"{name}.png", optimize=True)
                taken.append(folder / f"{name}.png")
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["pdf", "screenshots"])
    try:
        made = [pdf()] if parser.parse_args().what == "pdf" else screenshots()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    for path in made:
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
