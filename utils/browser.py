"""A browser of an autoencoder's latents in plain HTML, for a page without a kernel and for notebooks."""

import hashlib
import html
from typing import NamedTuple


class Context(NamedTuple):
    """A stretch of text in which a latent fires.

    tokens:      the pieces of text, in order
    activations: the latent's value on each, zero or more
    """

    tokens: list[str]
    activations: list[float]


class Latent(NamedTuple):
    """What the browser shows of one latent.

    number:      its place in the dictionary
    description: words, such as the tokens on which it fires
    frequency:   share of the tokens on which it fires, 0 to 1
    raises:      tokens whose logits it raises most, through the direct path
    lowers:      tokens whose logits it lowers most
    contexts:    where it fires most strongly, strongest first
    """

    number: int
    description: str
    frequency: float
    raises: list[str]
    lowers: list[str]
    contexts: list[Context]


# Text and page keep their own colours. A mark lays a translucent blue under the text, which leaves the
# contrast above 4.5 on white and on black; the strongest token is underlined as well.
_STYLE = """
#{id}{{font-size:.95em}}
#{id} details{{border-top:1px solid;padding:.35em 0}}
#{id} summary{{cursor:pointer;overflow-wrap:anywhere}}
#{id} ol{{padding-left:1.6em;margin:.4em 0}}
#{id} li{{overflow-wrap:anywhere;margin:.25em 0;white-space:pre-wrap}}
#{id} mark{{color:inherit;background:rgba(0,114,178,var(--a));border-radius:.2em}}
#{id} mark.peak{{text-decoration:underline;text-decoration-thickness:2px;font-weight:bold}}
#{id} .token{{white-space:pre-wrap;border-bottom:1px dotted}}
#{id} input{{font:inherit;color:inherit;background:none;border:1px solid;padding:.2em .4em;max-width:100%}}
"""

# Only the search needs the script; without it (a notebook that is not trusted) the list opens and closes.
_SCRIPT = """
(function () {{
  const root = document.getElementById("{id}");
  const box = root.querySelector("input"), count = root.querySelector("[role=status]");
  const items = Array.from(root.querySelectorAll("details"));
  root.querySelector("p").hidden = false;
  box.addEventListener("input", () => {{
    const wanted = box.value.trim().toLowerCase();
    items.forEach((item) => {{ item.hidden = !item.textContent.toLowerCase().includes(wanted); }});
    count.textContent = items.filter((item) => !item.hidden).length + " of " + items.length + " latents";
  }});
}})();
"""


def browser_html(latents: list[Latent], label: str) -> str:
    """The browser as HTML: a search box and one part to unfold for each latent; every text in it is escaped.

    latents: in the order in which they are listed
    label:   what this is a browser of, for a screen reader
    Raises ValueError if latents is empty, label is empty, or a context's lists differ in length.
    """
    if not latents or not label.strip():
        raise ValueError("browser_html needs at least one latent and a label")
    items = "".join(_latent_html(latent) for latent in latents)
    name = "latents-" + hashlib.sha256((label + items).encode()).hexdigest()[:12]
    search = (
        f'<p hidden><label for="{name}-search">Show latents that mention </label>'
        f'<input type="search" id="{name}-search"> '
        f'<span role="status">{len(latents)} of {len(latents)} latents</span></p>'
    )
    style, script = _STYLE.format(id=name), _SCRIPT.format(id=name)
    return (
        f'<section id="{name}" class="latent-browser" aria-label="{_escape(label)}">'
        f"<style>{style}</style>{search}{items}</section><script>{script}</script>"
    )


def show_browser(latents: list[Latent], label: str) -> None:
    """Display `browser_html`, and as plain text the descriptions. Raises ValueError as it does."""
    from IPython.display import display

    plain = "\n".join(f"{latent.number}: {latent.description}" for latent in latents)
    display({"text/html": browser_html(latents, label), "text/plain": f"{label}\n{plain}"}, raw=True)


def visible(token: str) -> str:
    """A token with its line breaks made visible and control characters replaced."""
    token = token.replace("\r", "").replace("\n", "↵").replace("\t", "→")
    return "".join(c if c.isprintable() else "�" for c in token) or "∅"


def _escape(text: str) -> str:
    return html.escape(visible(text), quote=True)


def _tokens_html(tokens: list[str]) -> str:
    return ", ".join(f'<span class="token">{_escape(token)}</span>' for token in tokens) or "none"


def _latent_html(latent: Latent) -> str:
    peak = max((max(c.activations) for c in latent.contexts if c.activations), default=0.0)
    contexts = "".join(f"<li>{_context_html(context, peak)}</li>" for context in latent.contexts)
    return (
        f"<details><summary>Latent {int(latent.number)}: {_escape(latent.description)} "
        f"({100 * latent.frequency:.2f}% of tokens)</summary>"
        f"<p>Raises the logits of {_tokens_html(latent.raises)}. "
        f"Lowers those of {_tokens_html(latent.lowers)}.</p>"
        f"<ol>{contexts}</ol></details>"
    )


def _context_html(context: Context, peak: float) -> str:
    if len(context.tokens) != len(context.activations):
        raise ValueError(
            f"a context has {len(context.tokens)} tokens and {len(context.activations)} activations"
        )
    strongest = max(context.activations, default=0.0)
    parts = []
    for token, value in zip(context.tokens, context.activations, strict=True):
        text = _escape(token)
        if value > 0:
            kind = ' class="peak"' if value == strongest else ""
            text = (
                f'<mark{kind} style="--a:{0.08 + 0.3 * value / peak:.2f}" title="{value:.3g}">{text}</mark>'
            )
        parts.append(text)
    return "".join(parts)
