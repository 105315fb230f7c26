"""What utils.site makes for the site, and what it mends in the pages of other extensions."""

import math
import re
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

from utils import site
from utils.repository import addresses

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("size", [32, 64])
def test_the_mark_is_a_regular_pentagon(size):
    root = ElementTree.fromstring(site.pentagon_svg(size))
    tips = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{SVG}circle")]
    assert len(tips) == 5
    sides = [math.dist(a, b) for a, b in zip(tips, tips[1:] + tips[:1], strict=True)]
    assert max(sides) - min(sides) < 0.02
    assert all(0 < coordinate < size for tip in tips for coordinate in tip)
    assert min(tips, key=lambda tip: tip[1])[0] == pytest.approx(size / 2)  # one tip stands on top


def test_what_the_pages_load_is_written_once(tmp_path):
    written = site.write_static(tmp_path)
    folder = tmp_path / "_build" / "static"
    assert {path.name for path in written} == {"logo.svg", "favicon.svg", "vega.js", "mathjax"}
    assert site.write_static(tmp_path) == []
    (folder / "logo.svg").write_text("something older")
    assert [path.name for path in site.write_static(tmp_path)] == ["logo.svg"]
    assert (folder / "mathjax" / "tex-chtml.js").stat().st_size > 500_000
    assert len(list((folder / "mathjax" / "output" / "chtml" / "fonts" / "woff-v2").glob("*.woff"))) > 20
    assert "vegaEmbed" in (folder / "vega.js").read_text(encoding="utf-8")


def test_boxes_lose_the_id_that_they_all_share():
    document = new_document("page")
    document += [
        nodes.section(ids=["exercise-content"]),
        nodes.section(ids=["proof-content", "mine"]),
        nodes.container(ids=["proof"]),
    ]
    site.drop_repeated_ids(None, document, "page")
    assert not next(iter(document.findall(nodes.container)))["ids"]
    assert [section["ids"] for section in document.findall(nodes.section)] == [[], ["mine"]]


def test_solutions_are_shown_without_their_marks():
    code = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"
    document = new_document("page")
    document += [nodes.literal_block(code, code), nodes.literal_block("y = 1", "y = 1")]
    site.drop_solution_marks(None, document)
    solution, other = document.findall(nodes.literal_block)
    assert solution.astext().rstrip() == "def f(x):\n    return x"
    assert solution.rawsource == solution.astext()
    assert other.astext() == "y = 1"


def test_only_thebe_is_dropped_from_the_scripts():
    def script(filename, **attributes):
        return SimpleNamespace(filename=filename, attributes=attributes)

    keep = [script("_static/doctools.js"), script("", body="let a = 1")]
    context = {
        "script_files": [
            keep[0],
            script("_static/sphinx-thebe.js"),
            script(None, body="const THEBE_JS_URL = 1"),
            keep[1],
        ]
    }
    site.drop_thebe(None, "page", "page.html", context, None)
    assert context["script_files"] == keep


def test_the_missing_page_links_to_where_the_site_lies():
    config = SimpleNamespace()
    site.place_not_found(None, config)
    assert addresses().site.endswith(config.notfound_urls_prefix)
    assert all(
        link.startswith(config.notfound_urls_prefix)
        for link in re.findall('href="([^"]+)"', config.notfound_context["body"])
    )
