"""The repository's address stands in pyproject.toml; this module derives the rest and can change it.

`python -m utils.repository` prints the addresses; with one or two addresses it replaces the repository's
(and the site's) in every file that carries it.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Addresses(NamedTuple):
    """repository: where the source lies. site: where the rendered book lies, ending in a slash."""

    repository: str
    site: str

    @property
    def slug(self) -> str:
        """owner/name, the form that Colab and Binder use."""
        return "/".join(self.repository.split("/")[-2:])

    def colab(self, lab: str) -> str:
        """Where Colab opens the student version of a lab, such as "bottom_up/superposition"."""
        return f"https://colab.research.google.com/github/{self.slug}/blob/student/{lab}.ipynb"

    def source(self, lab: str) -> str:
        """Where the lab's source is shown."""
        return f"{self.repository}/blob/main/labs/{lab}.ipynb"


def addresses(root: Path = ROOT) -> Addresses:
    """The addresses that pyproject.toml names."""
    urls = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    return Addresses(urls["Repository"], urls["Documentation"])


def default_site(repository: str) -> str:
    """GitHub Pages' address for a repository: https://owner.github.io/name/."""
    owner, name = repository.split("/")[-2:]
    return f"https://{owner.lower()}.github.io/{name}/"


def change(repository: str, site: str | None = None, root: Path = ROOT) -> list[Path]:
    """Replace the repository's and the site's address in every tracked text file; return those changed.

    repository: "https://github.com/owner/name"
    site:       default GitHub Pages' address of that repository
    Raises ValueError if the address has another form.
    """
    repository = repository.rstrip("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", repository):
        raise ValueError(f"repository is {repository!r}, expected such as https://github.com/owner/name")
    old, new = addresses(root), Addresses(repository, (site or default_site(repository)).rstrip("/") + "/")
    pairs = [(old.site, new.site), (old.repository, new.repository)]
    pairs += [(f"{prefix}/{old.slug}", f"{prefix}/{new.slug}") for prefix in ("github", "gh")]
    changed = []
    for path in text_files(root):
        before = after = path.read_text(encoding="utf-8")
        for was, becomes in pairs:
            # A name must not be the beginning of a longer one; an address that ends in a slash is whole.
            end = "" if was.endswith("/") else r"(?![\w-])"
            after = re.sub(re.escape(was) + end, becomes, after)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def text_files(root: Path = ROOT) -> list[Path]:
    """The files of the repository that are text, tracked or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = [root / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", nargs="?", help="such as https://github.com/owner/name")
    parser.add_argument("site", nargs="?", help="where the book will be served (default: GitHub Pages)")
    arguments = parser.parse_args()
    if arguments.repository:
        for path in change(arguments.repository, arguments.site):
            print(path.relative_to(ROOT))
    now = addresses()
    print(f"repository {now.repository}\nsite       {now.site}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
