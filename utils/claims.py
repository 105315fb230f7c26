"""Claims: sentences that could be false, with a number, kept in the notebook's output metadata."""

import datetime
import html
import math
import os
import platform
import re

from utils.runtime import Runtime, device_name
from utils.stats import Estimate, exact

METADATA_KEY = "alignment_claim"
BOUND = re.compile(r"^(>=|<=|>|<)\s*(-?[\d.]+(?:e-?\d+)?)$")
RANGE = re.compile(r"^in\s*\[\s*(-?[\d.]+(?:e-?\d+)?)\s*,\s*(-?[\d.]+(?:e-?\d+)?)\s*\]$")


class ClaimBroken(AssertionError):
    """A claim's bound does not hold."""


def holds(estimate: Estimate, bound: str) -> bool:
    """Whether the whole 95% interval keeps the bound, not the mean alone.

    bound: ">= 0.9", "> 0", "<= 1", "< 1" or "in [0.9, 1.1]"
    Raises ValueError if the bound is written in another way.
    """
    if match := RANGE.match(bound):
        low, high = map(float, match.groups())
        return low <= estimate.low and estimate.high <= high
    if match := BOUND.match(bound):
        sign, limit = match[1], float(match[2])
        compare = {
            ">=": estimate.low >= limit,
            ">": estimate.low > limit,
            "<=": estimate.high <= limit,
            "<": estimate.high < limit,
        }
        return compare[sign]
    raise ValueError(f"bound is {bound!r}, expected such as '>= 0.9', '< 1' or 'in [0.9, 1.1]'")


def claim(
    run: Runtime,
    name: str,
    sentence: str,
    ours: Estimate | float,
    bound: str,
    paper: str = "",
    source: str = "",
) -> None:
    """Record a claim, show it as a row, and raise where its bound does not hold.

    run:      what `utils.runtime.start` returned
    name:     short, unique in the lab, letters, digits and hyphens
    sentence: what is claimed, in words that could turn out false
    ours:     our value with its interval, or a number that has no sampling error
    bound:    what the interval must keep, such as ">= 0.9"
    paper:    the paper's value, in words, if it gives one
    source:   the citation key of the paper in references.bib

    The record stands in the metadata of the output, so an executed notebook carries it to any machine.
    Raises ClaimBroken (after showing the row) where the bound fails; ValueError for a bad name or NaN.
    """
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError(f"name is {name!r}, expected lower-case letters, digits and hyphens")
    ours = ours if isinstance(ours, Estimate) else exact(float(ours))
    if not all(map(math.isfinite, ours[:3])):
        raise ValueError(f"claim {name!r}: our value is {ours}, expected finite numbers")
    record = {
        "lab": run.lab,
        "name": name,
        "sentence": sentence,
        "value": ours.mean,
        "low": ours.low,
        "high": ours.high,
        "n": ours.n,
        "bound": bound,
        "holds": holds(ours, bound),
        "paper": paper,
        "source": source,
        "scale": run.scale,
        "seed": run.base,
        "sizes_changed": "LAB_SIZES" in os.environ,
        "device": platform.machine() + " " + device_name(run.device)
        if run.device.type == "cpu"
        else device_name(run.device),
        "date": datetime.date.today().isoformat(),
    }
    _show(record)
    if not record["holds"]:
        raise ClaimBroken(f"{run.lab}: claim {name!r} does not hold: {ours} is not {bound}")


def typeset(numbers: str) -> str:
    """A bound or a value as it is printed: ≥ for >=, ≤ for <=, − for -, 3·10⁻⁷ for 3e-07."""
    numbers = re.sub(r"e([+-]?)0*(\d+)", _power_of_ten, numbers)
    return numbers.replace(">=", "≥").replace("<=", "≤").replace("-", "\N{MINUS SIGN}")


def _power_of_ten(exponent: re.Match) -> str:
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "·10" + (exponent[1].strip("+") + exponent[2]).translate(raised)


def shown(record: dict) -> str:
    """A record's value as it is printed, with its interval and n; neither is broken over two lines."""
    value = Estimate(record["value"], record["low"], record["high"], record["n"])
    text = typeset(f"{value}, n = {value.n}" if value.n > 1 else str(value))
    return re.sub(r"(?<=\[)[^]]*|n = \d+", lambda match: match[0].replace(" ", "\N{NO-BREAK SPACE}"), text)


def _show(record: dict) -> None:
    from IPython.display import display

    verdict = "holds" if record["holds"] else "does not hold"
    bound = typeset(record["bound"])
    text = f"Claim: {record['sentence']} Ours: {shown(record)}; must be {bound}: {verdict}."
    cells = [
        record["sentence"],
        shown(record),
        bound,
        record["paper"] or "none given",
        verdict,
    ]
    heads = ["claim", "ours, 95% interval", "bound", "paper", "verdict"]
    row = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    head = "".join(f'<th scope="col">{h}</th>' for h in heads)
    table = f'<table class="claim"><thead><tr>{head}</tr></thead><tbody><tr>{row}</tr></tbody></table>'
    display({"text/html": table, "text/plain": text}, metadata={METADATA_KEY: record}, raw=True)


def records(notebook) -> list[dict]:
    """The claims that an executed notebook carries, in order.

    notebook: an nbformat NotebookNode
    """
    return [
        dict(output["metadata"][METADATA_KEY])
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if METADATA_KEY in output.get("metadata", {})
    ]


def names_in_source(notebook) -> list[str]:
    """The names of the claims that a lab's code makes, read from the source, in order.

    Raises ValueError if a claim's name is not a literal string, since it could then not be looked for.
    """
    import ast

    names = []
    for cell in notebook.cells:
        if cell.cell_type != "code" or "claim(" not in cell.source:
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "claim":
                if len(node.args) < 2 or not isinstance(node.args[1], ast.Constant):
                    raise ValueError(
                        f"line {node.lineno}: claim(run, name, …) needs its name as a literal string"
                    )
                names.append(node.args[1].value)
    return names
