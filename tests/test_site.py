"""The rendered site as readers meet it, in a real browser; and the tests' own tools, on bad pages."""

import re

import pytest

from utils import labs, pages
from utils.repository import addresses

SITEMAP = pages.SITE / "sitemap.xml"
BUILT = SITEMAP.is_file()
VIEWS = {"light": (pages.DESK, False), "dark": (pages.DESK, True), "phone": (pages.PHONE, True)}

needs_site = pytest.mark.skipif(not BUILT, reason="no rendered site below _build/html: run `make book` first")


def page_names() -> list[str]:
    """Every page of the site, as its address below the site's."""
    if not BUILT:
        return ["book/index.html"]
    return sorted(
        re.findall(f"<loc>{re.escape(addresses().site)}([^<]*)</loc>", SITEMAP.read_text(encoding="utf-8"))
    )


def pages_with(text: str) -> list[str]:
    return [
        name for name in page_names() if BUILT and text in (pages.SITE / name).read_text(encoding="utf-8")
    ]


LABS = [f"labs/{name}.html" for name in labs.names()]
INTERACTIVE = pages_with('class="lab-figure interactive"')
FIGURES = pages_with('class="figure-dark"')


@pytest.fixture(scope="module")
def chromium():
    if pages.find_browser() is None:
        pytest.skip("no Chromium found: install one, or name it in the variable CHROMIUM")
    with pages.browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def site():
    with pages.serve() as address:
        yield address


# The site


@needs_site
@pytest.mark.browser
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", [*page_names(), "no/such/page"])
def test_page(chromium, site, name, view):
    """No error, no failed or foreign request, nothing that axe-core finds serious, too wide or cut off."""
    width, dark = VIEWS[view]
    with pages.visit(chromium, site + name, width, dark) as (page, wrong):
        assert wrong + pages.faults(page) == []
        assert page.title()
        assert page.locator("h1:visible").count() == 1


@needs_site
def test_every_lab_and_chapter_is_there():
    assert set(LABS) <= set(page_names())
    assert {"book/index.html", "book/results.html", "book/glossary.html", "genindex.html"} <= set(
        page_names()
    )


@needs_site
def test_links_and_anchors_resolve():
    assert pages.broken_links() == []


@needs_site
def test_no_id_stands_twice_on_a_page():
    assert pages.repeated_ids() == []


@needs_site
def test_there_is_a_figure_with_a_slider():
    assert set(pages_with('"input":"range"')) & set(INTERACTIVE) & set(LABS)


@needs_site
@pytest.mark.browser
@pytest.mark.parametrize("name", INTERACTIVE)
def test_an_interactive_figure_follows_its_slider(chromium, site, name):
    with pages.visit(chromium, site + name) as (page, wrong):
        assert pages.stuck_sliders(page) == []
        assert page.locator('[aria-label="Vega visualization"]').count() == 0  # its words, not Vega's
        assert wrong == []


@needs_site
@pytest.mark.browser
@pytest.mark.parametrize("name", FIGURES[:3])
def test_figures_follow_the_theme(chromium, site, name):
    with pages.visit(chromium, site + name) as (page, _):
        light, dark = page.locator("img.figure-light").first, page.locator("img.figure-dark").first
        seen = set()
        for _ in range(3):  # the button goes from automatic through light and dark
            theme = page.locator("html").get_attribute("data-theme")
            assert (light.is_visible(), dark.is_visible()) == (theme == "light", theme == "dark")
            seen.add(theme)
            page.locator(".theme-switch-button:visible").first.click()
        assert seen == {"light", "dark"}


@needs_site
@pytest.mark.browser
def test_a_reference_shows_what_it_refers_to(chromium, site):
    with pages.visit(chromium, site + "book/bottom_up/index.html") as (page, wrong):
        page.wait_for_function("document.querySelector('.has-tip')")
        page.locator(".bd-article .has-tip").first.hover()
        page.locator(".popover.book-tip").wait_for(timeout=15_000)
        assert page.locator(".popover.book-tip").inner_text().strip()
        assert wrong == []


@needs_site
@pytest.mark.parametrize("name", LABS)
def test_a_lab_can_be_launched_edited_and_reported_on(name):
    text, here = (pages.SITE / name).read_text(encoding="utf-8"), addresses()
    source = name.replace(".html", ".ipynb")
    for link in (
        f"https://colab.research.google.com/github/{here.slug}/blob/main/{source}",
        f"https://mybinder.org/v2/gh/{here.slug}/main?urlpath=lab/tree/{source}",
        f"{here.repository}/edit/main/{source}",
        f"{here.repository}/issues/new",
        here.colab(name.removeprefix("labs/").removesuffix(".html")),
    ):
        assert link in text


@needs_site
@pytest.mark.parametrize("name", LABS)
def test_solutions_are_shown_without_marks(name):
    text = (pages.SITE / name).read_text(encoding="utf-8")
    assert "Show the solution" in text
    assert "BEGIN SOLUTION" not in text


@needs_site
@pytest.mark.parametrize("name", [name for name in page_names() if name.startswith(("book/", "labs/"))])
def test_pages_say_what_they_are_to_others(name):
    text, here = (pages.SITE / name).read_text(encoding="utf-8"), addresses()
    assert '<html lang="en"' in text
    assert f'property="og:url" content="{here.site}{name}"' in text
    assert re.search(r'<meta name="description" content="[^"]{10,}', text)
    assert f'rel="canonical" href="{here.site}{name}"' in text
    assert 'rel="icon"' in text
    assert "@@" not in text, "a placeholder was not filled in"


# The tools, on pages that are wrong

GOOD = """<!doctype html><html lang="en"><head><title>Good</title></head>
<body><main><h1>Good</h1>{}</main></body></html>"""
PALE_TOKEN = '<span class="k" style="color:#bbb;background:#fff">return</span> '
BAD = {
    "console": ("<script>console.error('broken')</script>", "console: broken"),
    "script": ("<script>throw new Error('thrown')</script>", "script: thrown"),
    "missing file": ('<script src="missing.js"></script>', "status 404"),
    "another host": (
        '<script src="https://example.org/x.js"></script>',
        "another host: https://example.org/x.js",
    ),
    "empty figure": ('<figure class="interactive"><div></div></figure>', "not drawn"),
    "wide": ('<div style="width:2000px">wide</div>', "div"),
    "cut formula": (
        '<div class="math" style="overflow-x:hidden"><div style="width:2000px">x = y</div></div>',
        "a formula is cut off: x = y",
    ),
    "wide text": ("<p>" + "x" * 400 + "</p>", "p"),
    "no alternative": (
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" width="20" height="20">',
        "image-alt",
    ),
    "pale": ('<p style="color:#bbb;background:#fff">pale</p>', "color-contrast"),
    "pale code": (f"<pre>{2 * PALE_TOKEN}</pre>", "color-contrast"),
    "no name": ("<button></button>", "button-name"),
}


@pytest.fixture
def write(tmp_path):
    def page(name: str, body: str = "") -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GOOD.format(body), encoding="utf-8")

    return page


def judge(chromium, folder):
    with (
        pages.serve(folder, prefix="/") as address,
        pages.visit(chromium, address + "page.html", pages.PHONE) as (page, wrong),
    ):
        return wrong + pages.faults(page)


@pytest.mark.browser
def test_a_good_page_is_not_blamed(chromium, tmp_path, write):
    write(
        "page.html",
        '<div style="overflow-x:auto" tabindex="0"><div style="width:2000px">scrolls</div></div>',
    )
    assert judge(chromium, tmp_path) == []


@pytest.mark.browser
@pytest.mark.parametrize("fault", BAD)
def test_a_bad_page_is_found_out(chromium, tmp_path, write, monkeypatch, fault):
    monkeypatch.setattr(pages, "PATIENCE", 500)
    body, says = BAD[fault]
    write("page.html", body)
    assert any(says in found for found in judge(chromium, tmp_path))


SLIDER = """<figure class="interactive"><div><svg><text>1</text></svg></div><input type="range" name="k"
aria-label="k" min="0" max="{}" step="0.1" {}></figure>"""
FOLLOW = "oninput=\"document.querySelector('text').textContent = this.value\""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("slider", "says"),
    [
        (SLIDER.format(1, FOLLOW), []),
        (SLIDER.format(1, ""), ["k: the drawing does not follow"]),
        (SLIDER.format(0.99, FOLLOW), ["k: its last step is out of reach"]),
    ],
)
def test_a_slider_without_effect_is_found_out(chromium, tmp_path, write, monkeypatch, slider, says):
    monkeypatch.setattr(pages, "PATIENCE", 1500)
    write("page.html", slider)
    with (
        pages.serve(tmp_path, prefix="/") as address,
        pages.visit(chromium, address + "page.html") as (page, _),
    ):
        assert pages.stuck_sliders(page) == says


@pytest.mark.browser
def test_the_server_answers_as_the_real_one(chromium, tmp_path, write):
    write("page.html")
    write("404.html", "nothing here")
    with pages.serve(tmp_path, prefix="/book/") as address:
        assert address.endswith("/book/")
        for path, status in (("page.html", 200), ("none.html", 404), ("deep/er/none", 404)):
            context = chromium.new_context()
            page = context.new_page()
            assert page.goto(address + path).status == status
            assert ("nothing here" in page.content()) == (status == 404)
            context.close()
        outside = address.removesuffix("book/") + "page.html"
        assert chromium.new_page().goto(outside).status == 404


def links(tmp_path, write, body):
    write("index.html", body)
    write("part/page.html", '<p id="here"></p><a href="../index.html">up</a>')
    return pages.broken_links(tmp_path)


@pytest.mark.parametrize(
    "link",
    [
        "part/page.html",
        "part/page.html#here",
        "#",
        "part/",
        "https://example.org/elsewhere",
        "mailto:someone@example.org",
        addresses().site + "part/page.html#here",
    ],
)
def test_a_link_that_leads_somewhere_is_not_blamed(tmp_path, write, link):
    write("part/index.html")
    assert links(tmp_path, write, f'<a href="{link}">x</a>') == []


@pytest.mark.parametrize(
    "link",
    [
        "none.html",
        "part/page.html#none",
        "#none",
        "../page.html",
        "/book/none.html",
        addresses().site + "none.html",
        addresses().colab("part/none"),
        addresses().source("part/none"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path, write, link):
    assert links(tmp_path, write, f'<a href="{link}">x</a>') == [f"index.html: {link}"]
    assert links(tmp_path, write, f'<img src="{link}" alt="">') == [f"index.html: {link}"]


def test_links_of_student_notebooks_are_followed(tmp_path, write):
    import nbformat
    from nbformat.v4 import new_markdown_cell, new_notebook

    write("index.html")
    here = addresses()
    path = tmp_path / "student" / "part" / "tiny.ipynb"
    path.parent.mkdir(parents=True)

    def notebook(*addresses):
        cell = new_markdown_cell(" ".join(f"[x]({address})" for address in addresses))
        nbformat.write(new_notebook(cells=[cell]), path)
        return pages.broken_links(tmp_path)

    assert notebook(here.colab("part/tiny"), here.site + "index.html", "https://example.org") == []
    bad = [here.colab("part/other"), here.site + "none.html", "../../index.html"]
    assert notebook(*bad) == [f"student/part/tiny.ipynb: {link}" for link in sorted(bad)]


def test_ids_that_stand_twice_are_found(tmp_path, write):
    write("index.html", '<p id="a"></p><p id="b"></p>')
    assert pages.repeated_ids(tmp_path) == []
    write("index.html", '<p id="a"></p><p id="a"></p>')
    assert pages.repeated_ids(tmp_path) == ["index.html: a"]
