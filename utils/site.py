"""What the rendered site needs and no file holds: logo, favicon, scripts. `python -m utils.site` writes them.

It is also a small Sphinx extension (`setup`), which mends what other extensions leave in the pages.
"""

import importlib.metadata
import math
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from utils import labs
from utils.repository import addresses

BLUE, VERMILION = "#0072B2", "#D55E00"
SOLUTION_MARKS = re.compile(r"(?m)^[ \t]*### (BEGIN|END) SOLUTION[ \t]*(\n|\Z)")
REPEATED_IDS = {"exercise-content", "solution-content", "proof-content", "proof"}
# The parts of MathJax that a page can ask for: the program, its fonts, the TeX packages that it loads when
# they are used, and speech for those who switch it on in its menu.
MATHJAX_PARTS = [
    "tex-chtml.js",
    "output/chtml/fonts/woff-v2",
    "input/tex/extensions",
    "a11y",
    "sre/mathmaps/base.json",
    "sre/mathmaps/en.json",
    "sre/mathmaps/nemeth.json",
]


def pentagon_svg(size: int = 64) -> str:
    """The book's mark: five features in two dimensions, as a toy model of superposition arranges them."""
    centre, radius = size / 2, size * 0.4
    angles = [math.pi / 2 + 2 * math.pi * k / 5 for k in range(5)]
    tips = [(centre + radius * math.cos(a), centre - radius * math.sin(a)) for a in angles]
    rays = "".join(
        f'<line x1="{centre:g}" y1="{centre:g}" x2="{x:.2f}" y2="{y:.2f}"/>'
        f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{size / 16:g}"/>'
        for x, y in tips
    )
    ring = " ".join(f"{x:.2f},{y:.2f}" for x, y in tips)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
        f'role="img" aria-label="Alignment by Experiment">'
        f'<polygon points="{ring}" fill="none" stroke="{VERMILION}" stroke-width="{size / 40:g}" '
        f'stroke-dasharray="3 2"/><g stroke="{BLUE}" fill="{BLUE}" stroke-width="{size / 20:g}" '
        f'stroke-linecap="round">{rays}</g></svg>\n'
    )


def vega_script() -> str:
    """Vega, Vega-Lite and vega-embed in one script, from the vl-convert package: pages need no network."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return f"(function () {{\n{bundle}\n}})();\n"


def write_mathjax(folder: Path) -> None:
    """Copy MathJax from the sphinx-mathjax-offline package into the folder, if it is not there."""
    package = importlib.metadata.distribution("sphinx-mathjax-offline")
    source = Path(package.locate_file("sphinx-mathjax-offline/static/mathjax"))
    for part in MATHJAX_PARTS:
        target = folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source / part, target)


def write_static(root: Path = labs.ROOT) -> list[Path]:
    """Write logo, favicon and the scripts below _build/static; files that are up to date stay."""
    folder = root / "_build" / "static"
    folder.mkdir(parents=True, exist_ok=True)
    files = {"logo.svg": pentagon_svg(), "favicon.svg": pentagon_svg(32)}
    if not (folder / "vega.js").is_file():
        files["vega.js"] = vega_script()
    written = []
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written.append(path)
    if not (folder / "mathjax" / MATHJAX_PARTS[-1]).is_file():
        write_mathjax(folder / "mathjax")
        written.append(folder / "mathjax")
    return written


def drop_repeated_ids(app, doctree, docname: str) -> None:
    """sphinx-exercise and sphinx-proof give every box, or its content, one and the same id: leave it out."""
    from docutils import nodes

    for box in doctree.findall(nodes.Element):
        box["ids"] = [i for i in box["ids"] if i not in REPEATED_IDS]


def drop_solution_marks(app, doctree) -> None:
    """The lines that tell nbgrader where a solution begins and ends say nothing to readers of a page."""
    from docutils import nodes

    for block in doctree.findall(nodes.literal_block):
        if "### BEGIN SOLUTION" in block.astext():
            # Equal to the text, or Sphinx takes the block for one that is marked up already.
            block.rawsource = SOLUTION_MARKS.sub("", block.astext())
            block.children = []
            block += nodes.Text(block.rawsource)


def drop_thebe(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Jupyter Book puts Thebe on every page, unused and declared twice, which is an error in the console."""
    scripts = context.get("script_files", [])
    context["script_files"] = [s for s in scripts if "thebe" not in f"{s.filename} {s.attributes}".lower()]


def place_not_found(app, config) -> None:
    """The page for addresses that lead nowhere: what it says, and where on the web its links start."""
    prefix = urlsplit(addresses().site).path
    config.notfound_urls_prefix = prefix
    config.notfound_context = {
        "title": "Nothing here",
        "body": f"""
            <h1>Nothing here</h1>
            <p>No page of the book has this address: it may have been moved or renamed since the link was
            written. The table of contents and the search field find what is there now, or start from
            <a href="{prefix}book/index.html">the first page</a>.</p>""",
    }


def draw_boxes_in_one_page(app) -> None:
    """sphinx-proof knows no single-page HTML, which the PDF is printed from: draw its boxes there too."""
    handlers = app.registry.translation_handlers
    handlers["singlehtml"] = handlers.get("html", {}) | handlers.get("singlehtml", {})


def setup(app) -> dict:
    """Called by Sphinx, since `utils.site` stands among the extensions in _config.yml."""
    app.connect("config-inited", place_not_found)
    app.connect("builder-inited", draw_boxes_in_one_page)
    app.connect("doctree-read", drop_solution_marks)
    app.connect("doctree-resolved", drop_repeated_ids)
    app.connect("html-page-context", drop_thebe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    write_static()
    sys.exit(0)
