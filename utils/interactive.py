"""Interactive figures that need no kernel: Altair charts whose sliders work on the rendered page."""

import hashlib
import html
import json

import altair as alt

from utils.plots import glue_metadata

# In a notebook the three scripts come from their public address; on the book's pages one local file,
# made from the vl-convert package at build time, holds them all (`utils.site.write_vega`).
SCRIPTS = ["vega@6", "vega-lite@6", "vega-embed@7"]

_PAGE = """\
<figure class="lab-figure interactive"><div data-chart="{name}" role="group" aria-label="{alt}"></div>
<figcaption>{caption}</figcaption></figure>
<script>
(function () {{
  const spec = {spec};
  // A chart that a page shows twice has two places: each script takes the first that is still free.
  const place = document.querySelector('[data-chart="{name}"]:not([data-taken])');
  place.dataset.taken = "";
  const draw = () => vegaEmbed(place, spec, {{actions: false, renderer: "svg"}});
  const load = (left) => {{
    if (!left.length) return draw();
    const script = document.createElement("script");
    script.src = left[0];
    script.onload = () => load(left.slice(1));
    document.head.appendChild(script);
  }};
  if (window.vegaEmbed) return draw();
  const root = document.documentElement.dataset.content_root;
  load(root === undefined ? {remote} : [root + "_static/vega.js"]);
}})();
</script>
"""


def show_interactive(chart: alt.TopLevelMixin, caption: str, alt: str, name: str) -> None:
    """Display an Altair chart that stays interactive on the page, with caption and alternative text.

    chart:   an Altair chart, its parameters bound to sliders or menus
    caption: a sentence that could be false
    alt:     what the chart shows and what its sliders change, for those who cannot see it
    name:    under which a chapter can show the chart too

    Raises ValueError if caption or alt is empty.
    """
    from IPython.display import display

    if not caption.strip() or not alt.strip():
        raise ValueError("show_interactive: caption and alt must not be empty")
    # The description becomes the drawing's label; without one Vega calls every chart "Vega visualization".
    spec = json.dumps(chart.to_dict() | {"description": alt}, separators=(",", ":")).replace("</", "<\\/")
    element = hashlib.sha256(spec.encode()).hexdigest()[:12]
    remote = json.dumps([f"https://cdn.jsdelivr.net/npm/{script}" for script in SCRIPTS])
    page = _PAGE.format(
        name=element, alt=html.escape(alt, quote=True), caption=html.escape(caption), spec=spec, remote=remote
    )
    display({"text/html": page, "text/plain": f"{caption} ({alt})"}, metadata=glue_metadata(name), raw=True)
