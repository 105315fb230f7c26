"""What the rendered site needs and no file holds: logo, favicon, scripts. `python -m utils.site` writes them."""

import math
import sys
from pathlib import Path

from utils import labs

BLUE, VERMILION = "#0072B2", "#D55E00"


def pentagon_svg(size: int = 64) -> str:
    """The book's mark: five features in two dimensions, as a toy model of superposition arranges them."""
    centre, radius = size / 2, size * 0.4
    angles = [math.pi / 2 + 2 * math.pi * k / 5 for k in range(5)]
    tips = [(centre + radius * math.cos(a), centre - radius * math.sin(a)) for a in angles]
    rays = "".join(
        f'<line x1="{centre:g}" y1="{centre:g}" x2="{x:.2f}" y2="{y:.2f}"/><circle cx="{x:.2f}" cy="{y:.2f}" r="{size / 16:g}"/>'
        for x, y in tips
    )
    ring = " ".join(f"{x:.2f},{y:.2f}" for x, y in tips)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img" aria-label="Alignment by Experiment">'
        f'<polygon points="{ring}" fill="none" stroke="{VERMILION}" stroke-width="{size / 40:g}" stroke-dasharray="3 2"/>'
        f'<g stroke="{BLUE}" fill="{BLUE}" stroke-width="{size / 20:g}" stroke-linecap="round">{rays}</g></svg>\n'
    )


def vega_script() -> str:
    """Vega, Vega-Lite and vega-embed in one script, from the vl-convert package: pages need no network."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return f"(function () {{\n{bundle}\n}})();\n"


def write_static(root: Path = labs.ROOT) -> list[Path]:
    """Write logo, favicon and the Vega script below _build/static; files that are up to date stay."""
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
    return written


if __name__ == "__main__":
    write_static()
    sys.exit(0)
