"""The beginning of a new lab: `python -m utils.new_lab bottom_up/coin "A fair coin"`.

Writes a notebook that can be executed as it is, with one figure, one claim and one exercise, and the three
files that belong to it. CONTRIBUTING.md says how to go on.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat

from utils import labs
from utils.repository import addresses

HEAD = """# {title}

[Open the student version in Colab]({colab}) · [Source on GitHub]({source})

This lab finds out whether a coin is fair, and how many throws it takes to say so.

**You will be able to** give an estimate with its interval.

**You need** expectations and variances.

**Time.** Under a minute on a CPU."""

SETUP = """import sys

if "google.colab" in sys.modules:
    %pip install -q "alignment-by-experiment @ git+{repository}\""""

IMPORTS = """import torch

from utils import {name}_figures as figures
from utils.checks import {name} as checks
from utils.claims import claim
from utils.runtime import start
from utils.stats import mean_interval"""

START = """run = start("{lab}", {{
    "num_seeds": (5, 5),     # coins, each thrown by its own seed
    "throws": (1000, 100_000),
}})"""

THROWS = """throws = torch.stack([
    torch.rand(run.sizes.throws, generator=run.generator(i), device=run.device) < 0.5
    for i in range(run.sizes.num_seeds)
]).float()"""

SHOW = """figures.share_of_heads(
    throws.cpu(),
    caption="The share of heads approaches one half for every coin.",
    alt="Lines that start far apart and come together at one half.",
)"""

CLAIM = """claim(
    run, "fair", "The coin is fair to within five per cent.",
    mean_interval(throws.mean(1).tolist()), "in [0.45, 0.55]",
)"""

TASK = """### Exercise 1: how far from one half?

Difficulty 1 of 5 · importance 3 of 5 · about 5 minutes

A coin with probability $p$ of heads is thrown $n$ times. Return the standard deviation of the share of heads.

<details><summary>Hint 1</summary>

What is the variance of a single throw?

</details>

<details><summary>Hint 2</summary>

The variances of independent throws add up; the share divides their sum by $n$.

</details>"""

SOLUTION = '''def standard_error(p: float, n: int) -> float:
    """The standard deviation of the share of heads in n throws."""
    ### BEGIN SOLUTION
    return (p * (1 - p) / n) ** 0.5
    ### END SOLUTION'''

LIMITS = """## What this does and does not show

The coins are computer programs, and fair by construction. A claim that could hardly have failed shows that
the machinery works, and nothing about coins."""

FIGURES = '''"""Drawings of the lab on {title_lower}."""

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from utils.plots import figure


@figure
def share_of_heads(throws: Tensor):
    """The share of heads so far, a line a coin; throws has shape (coins, throws)."""
    fig, ax = plt.subplots()
    count = torch.arange(1, throws.shape[1] + 1)
    for number, row in enumerate(throws):
        ax.plot(count, row.cumsum(0) / count, label=f"coin {{number + 1}}")
    ax.set(xscale="log", xlabel="throws", ylabel="share of heads")
    ax.legend()
    return fig
'''

CHECKS = '''"""Checks of the exercises of the lab on {title_lower}."""

from utils.checks.core import call, expect, passed


def standard_error(function) -> None:
    """√(p (1 - p) / n)."""
    p, n = 0.3, 50
    right = (p * (1 - p) / n) ** 0.5
    mistakes = {{
        "this is the variance; take its root": right**2,
        "this is the standard deviation of the number of heads; divide by n": right * n,
        "this does not depend on n as it should: the share of many throws varies less": right * n**0.5,
    }}
    expect(call(function, p, n), right, f"the standard deviation for p = {{p}}, n = {{n}}", mistakes)
    passed(function)
'''

WRONG = '''"""Wrong answers to the exercises of the lab on {title_lower}, and what their messages must say."""

WRONG = {{
    "standard_error": [
        (lambda p, n: p * (1 - p) / n, "variance; take its root"),
        (lambda p, n: (n * p * (1 - p)) ** 0.5, "number of heads; divide by n"),
        (lambda p, n: (p * (1 - p)) ** 0.5, "does not depend on n"),
    ],
}}
'''


def notebook(lab: str, title: str, root: Path = labs.ROOT):
    """The lab's first notebook, an nbformat NotebookNode."""
    here, name = addresses(root), lab.split("/")[1]
    words = {
        "lab": lab, "name": name, "title": title, "repository": here.repository,
        "colab": here.colab(lab), "source": here.source(lab),
    }  # fmt: skip
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    exercise = {"schema_version": 3, "task": False}
    cells = [
        markdown(HEAD.format(**words)),
        code(SETUP.format(**words)),
        code(IMPORTS.format(**words)),
        code(START.format(**words)),
        markdown("## One section\n\nBefore you run the next cell: how far from one half are 1,000 throws?"),
        code(THROWS),
        code(SHOW),
        code(CLAIM),
        markdown(TASK),
        code(SOLUTION),
        code("checks.standard_error(standard_error)"),
        markdown(LIMITS),
        code("run.finish()"),
        markdown("## Further reading"),
    ]
    hide = {"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
    solution = {"grade": False, "grade_id": "standard_error", "locked": False, "solution": True}
    check = {"grade": True, "grade_id": "check_standard_error", "locked": True, "solution": False}
    cells[9].metadata = {"tags": ["hide-input"], "mystnb": hide, "nbgrader": solution | exercise}
    cells[10].metadata = {"nbgrader": check | {"points": 1} | exercise}
    for number, cell in enumerate(cells):
        cell.id = f"c{number:03d}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.from_dict(nbformat.v4.new_notebook(cells=cells, metadata=metadata))


def create(lab: str, title: str, root: Path = labs.ROOT) -> list[Path]:
    """Write the files of a new lab and return them.

    lab:   "chapter/name", lower-case letters, digits and underscores
    title: such as "A fair coin"
    Raises ValueError for a name of another form, FileExistsError if one of the files is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*", lab):
        raise ValueError(f"lab is {lab!r}, expected such as bottom_up/coin")
    name, lower = lab.split("/")[1], title[:1].lower() + title[1:]
    files = {
        root / "labs" / f"{lab}.ipynb": nbformat.writes(notebook(lab, title, root)) + "\n",
        root / "utils" / f"{name}_figures.py": FIGURES.format(title_lower=lower),
        root / "utils" / "checks" / f"{name}.py": CHECKS.format(title_lower=lower),
        root / "tests" / "wrong_answers" / f"{name}.py": WRONG.format(title_lower=lower),
    }
    for path in files:
        if path.exists():
            raise FileExistsError(f"{path.relative_to(root)} is there already")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lab", help="chapter/name, such as bottom_up/coin")
    parser.add_argument("title", help='such as "A fair coin"')
    arguments = parser.parse_args()
    try:
        written = create(arguments.lab, arguments.title)
    except (ValueError, FileExistsError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(str(path.relative_to(labs.ROOT)) for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
