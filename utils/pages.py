"""The rendered site in a real browser: serve it, open its pages, say what is wrong with them."""

import http.server
import json
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from utils.repository import ROOT, addresses

SITE = ROOT / "_build" / "html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
DRAWN = "[...document.querySelectorAll('figure.interactive > div')].every((d) => d.querySelector('svg'))"
# A lab has thousands of highlighted tokens of code, which take axe most of its time: those of one kind look
# alike, so that the first of each kind stands for the rest, which become plain text.
PLAIN_REPEATED = """() => {
  const seen = new Set();
  for (const token of document.querySelectorAll("pre span[class]")) {
    const kind = token.className + " in " + token.closest("pre").parentElement.parentElement.className;
    if (seen.has(kind)) token.replaceWith(...token.childNodes);
    seen.add(kind);
  }
}"""
PATIENCE = 15_000  # milliseconds to wait for charts
PHONE, DESK = 390, 1280  # widths in pixels


def find_browser() -> str | None:
    """A Chromium to drive: what CHROMIUM names, one on the path, or the one that Playwright installed."""
    if found := os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


@contextmanager
def serve(folder: Path = SITE, prefix: str | None = None) -> Iterator[str]:
    """Serve the folder on this machine and yield its address, which ends in a slash.

    prefix: the path below which the site lies, default the one it has on the web. A path without a file
            is answered with 404.html and status 404, as GitHub Pages does.
    """
    prefix = urlsplit(addresses().site).path if prefix is None else prefix

    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            inside = path.startswith(prefix)
            local = super().translate_path("/" + path[len(prefix) :] if inside else "/404.html/")
            return local

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
            page, suffix = folder / "404.html", Path(urlsplit(self.path).path).suffix
            if code != 404 or not page.is_file() or suffix not in ("", ".html"):
                return super().send_error(code, message, explain)
            body = page.read_bytes()
            self.send_response(404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass

    def handler(*arguments) -> Handler:
        return Handler(*arguments, directory=str(folder))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def browser() -> Iterator:
    """A headless Chromium (Playwright's Browser). Raises FileNotFoundError where none is installed."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        raise FileNotFoundError("no Chromium found: install one, or name it in the variable CHROMIUM")
    # Chromium has no sandbox for root, which is who runs in a container.
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*sandbox, "--disable-gpu"])
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def visit(chromium, address: str, width: int = DESK, dark: bool = False) -> Iterator[tuple]:
    """Open a page, wait until its mathematics and charts stand, yield it with what went wrong, as sentences.

    A request to another host is stopped and noted: the pages must do without a network.
    """
    from playwright.sync_api import TimeoutError

    scheme = "dark" if dark else "light"
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, wrong = context.new_page(), []

    def only_here(route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(address).netloc:
            return route.continue_()
        wrong.append(f"a request to another host: {route.request.url}")
        return route.abort()

    def answered(response) -> None:
        if response.status >= 400 and response.url != address:
            wrong.append(f"status {response.status}: {response.url}")

    def console(message) -> None:
        # That the page itself has status 404 is no fault of the page for missing addresses.
        missing = message.location.get("url") == address and "status of 404" in message.text
        if message.type == "error" and not missing:
            wrong.append(f"console: {message.text}")

    page.route(re.compile("^(https?|wss?):"), only_here)
    page.on("response", answered)
    page.on("console", console)
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    page.on("requestfailed", lambda request: wrong.append(f"request failed: {request.url}"))
    try:
        page.goto(address, wait_until="load")
        page.evaluate("async () => { await window.MathJax?.startup?.promise; await document.fonts.ready; }")
        try:
            page.wait_for_function(DRAWN, timeout=PATIENCE)
        except TimeoutError:
            wrong.append(f"an interactive figure is not drawn after {PATIENCE / 1000:g} s")
        yield page, wrong
    finally:
        context.close()


def overflow(page) -> list[str]:
    """What makes the page wider than its window, as CSS-like paths; empty if nothing does."""
    return page.evaluate(
        """() => {
          const root = document.documentElement;
          if (root.scrollWidth <= root.clientWidth) return [];
          const scrolls = (e) => e && e !== document.body && e !== root &&
            (getComputedStyle(e).overflowX !== "visible" || scrolls(e.parentElement));
          const name = (e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") +
            [...e.classList].map((c) => "." + c).join("");
          const edge = (e) => { // of the element or of the text in it
            const range = document.createRange();
            range.selectNodeContents(e);
            return Math.max(e.getBoundingClientRect().right, range.getBoundingClientRect().right);
          };
          const wide = [...document.body.querySelectorAll("*")].filter((e) =>
            edge(e) > root.clientWidth + 1 && !scrolls(e) && !scrolls(e.parentElement));
          return wide.length ? wide.slice(-5).map(name) : ["something that cannot be named"];
        }"""
    )


def cut_off(page) -> list[str]:
    """Formulas that are wider than their place and cannot be scrolled, by how they begin."""
    return page.evaluate(
        """() => [...document.querySelectorAll("div.math")]
          .filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === "hidden")
          .map((e) => "a formula is cut off: " + e.textContent.trim().slice(0, 60))"""
    )


def faults(page) -> list[str]:
    """All that `violations`, `overflow` and `cut_off` find on the page."""
    return violations(page) + overflow(page) + cut_off(page)


def violations(page) -> list[str]:
    """What axe-core finds serious or critical on the page: the rule, what it says, and the first place."""
    from axe_playwright_python.sync_playwright import Axe

    # Without preload: axe would fetch style sheets again, and resolves what they import against the page.
    options = {"resultTypes": ["violations"], "preload": False}
    page.evaluate(PLAIN_REPEATED)
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}, {len(rule['nodes'])} places): {rule['help']}, "
        f"at {rule['nodes'][0]['target']}: {rule['nodes'][0]['html'][:150]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


def stuck_sliders(page) -> list[str]:
    """What is wrong with the sliders of the interactive figures, moved by keyboard: empty if all is well."""
    from playwright.sync_api import TimeoutError

    wrong = []
    for slider in page.locator("figure.interactive input[type=range]").all():
        name, figure = slider.get_attribute("name"), slider.locator("xpath=ancestor::figure")
        drawing = figure.locator("svg").first.element_handle()
        slider.press("End")
        if float(slider.input_value()) != float(slider.get_attribute("max")):
            wrong.append(f"{name}: its last step is out of reach")
        page.wait_for_timeout(300)  # a drawing follows its slider in one or two frames
        at_the_end = drawing.inner_html()
        slider.press("Home")
        changed = "([drawing, before]) => drawing.innerHTML !== before"
        try:
            page.wait_for_function(changed, arg=[drawing, at_the_end], timeout=PATIENCE / 3)
        except TimeoutError:
            wrong.append(f"{name}: the drawing does not follow")
    return wrong


class _Page(HTMLParser):
    """The anchors of a page, and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors, self.references, self.ids = {"", "top"}, set(), []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        values = dict(attributes)
        self.anchors |= {values[name] for name in ("id", "name") if values.get(name)}
        self.ids += [values["id"]] if values.get("id") else []
        self.references |= {values[name] for name in ("href", "src") if values.get(name)}


def broken_links(folder: Path = SITE, root: Path = ROOT) -> list[str]:
    """Every reference inside the site that leads nowhere, in its pages and its student notebooks.

    folder: the rendered site
    root:   the repository, whose address and files links may name
    """
    here, pages = addresses(root), _pages(folder)
    links = [(path, reference) for path, page in pages.items() for reference in sorted(page.references)]
    for path in sorted((folder / "student").rglob("*.ipynb")):
        links += [(path, reference) for reference in sorted(_links_of(path))]
    broken = []
    for path, reference in links:
        # A notebook is read on Colab, where an address relative to the book's pages means nothing.
        base = here.site + path.relative_to(folder).as_posix() if path in pages else ""
        target = _target(urljoin(base, reference), here, folder, root)
        if target is None:
            continue
        file, anchor = target
        if not file.is_file() or (file in pages and anchor not in pages[file].anchors):
            broken.append(f"{path.relative_to(folder)}: {reference}")
    return broken


def repeated_ids(folder: Path = SITE) -> list[str]:
    """Every id that stands more than once on one page of the site."""
    counts = {path.relative_to(folder): Counter(page.ids) for path, page in _pages(folder).items()}
    return [f"{path}: {name}" for path, count in counts.items() for name, times in count.items() if times > 1]


def _pages(folder: Path) -> dict[Path, _Page]:
    paths = [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]
    return {path: _Page(path.read_text(encoding="utf-8")) for path in paths}


def _links_of(notebook: Path) -> set[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return set(re.findall(r"\]\(([^)\s]+)\)", text))


def _target(address: str, here, folder: Path, root: Path) -> tuple[Path, str] | None:
    """The file and the anchor that an address means, None if it lies elsewhere on the web."""
    address, _, anchor = address.partition("#")
    anchor, address = unquote(anchor), unquote(address.partition("?")[0])
    if address.startswith(here.site):
        file = folder / address.removeprefix(here.site)
        return (file / "index.html" if file.is_dir() else file), anchor
    scheme, host = urlsplit(address)[:2]
    if not scheme or (scheme, host) == urlsplit(here.site)[:2]:  # on the site's host, but not in the site
        return folder / "outside the site", anchor
    for prefix, place in ((here.colab(""), folder / "student"), (here.source(""), root / "labs")):
        stem = prefix.removesuffix(".ipynb")
        if address.startswith(stem):
            return place / address.removeprefix(stem), ""
    return None
