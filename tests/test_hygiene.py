"""The repository as a whole: nothing committed that must not be, and what its documents say of it is so."""

import ast
import itertools
import re
import subprocess
import sys
import tomllib

import nbformat
import pytest
import yaml

from utils import labs
from utils.repository import ROOT, text_files

FILES = {path.relative_to(ROOT).as_posix(): path for path in text_files()}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in FILES.items()}
NOTEBOOKS = {name: nbformat.read(labs.source(name), as_version=4) for name in labs.names()}
MAKEFILE = TEXTS["Makefile"]
TARGETS = set(re.findall(r"(?m)^([a-z]+):", MAKEFILE))
WORKFLOWS = [name for name in FILES if name.startswith(".github/workflows/")]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_labs_are_committed_without_what_a_run_leaves(name):
    notebook = NOTEBOOKS[name]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata.language_info) == {"name"}
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    for cell in notebook.cells:
        assert not {"execution", "ExecuteTime", "collapsed", "scrolled"} & set(cell.metadata), cell.id
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.id


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_labs_keep_to_the_form_that_readers_know(name):
    code = [cell for cell in NOTEBOOKS[name].cells if cell.cell_type == "code" and cell.source.strip()]
    lengths = sorted(len(cell.source.splitlines()) for cell in code)
    assert lengths[-1] <= 25, "no cell is longer than a screen"
    assert lengths[len(lengths) // 2] <= 6, "the median cell"
    assert code[-1].source.strip().splitlines()[-1] == "run.finish()"
    assert f'start("{name}"' in "\n".join(cell.source for cell in code)
    levels = [
        len(mark)
        for cell in NOTEBOOKS[name].cells
        if cell.cell_type == "markdown"
        for mark in re.findall(r"(?m)^(#+) ", cell.source)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


def prose() -> dict[str, str]:
    """What is set as text: the book's pages, and the Markdown of the labs."""
    pages = {name: text for name, text in TEXTS.items() if name.startswith("book/") and name.endswith(".md")}
    cells = {
        name: "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        for name, notebook in NOTEBOOKS.items()
    }
    return pages | cells


def cited() -> dict[str, set[str]]:
    """Citation key → where it is cited: by a role in prose, or as the source of a claim."""
    found: dict[str, set[str]] = {}
    for name, text in prose().items():
        for keys in re.findall(r"\{cite:\w+\}`([^`]+)`", text):
            for key in keys.split(","):
                found.setdefault(key.strip(), set()).add(name)
    for name, notebook in NOTEBOOKS.items():
        code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        for node in ast.walk(ast.parse(labs.plain_python("\n".join(code)))):
            if isinstance(node, ast.keyword) and node.arg == "source" and ast.literal_eval(node.value):
                found.setdefault(ast.literal_eval(node.value), set()).add(name)
    return found


def entries() -> list[str]:
    return re.findall(r"(?m)^@\w+\{([^,\s]+),", TEXTS["book/references.bib"])


def test_every_citation_has_an_entry():
    missing = {key: sorted(places) for key, places in cited().items() if key not in entries()}
    assert missing == {}


def test_every_entry_is_cited_and_stands_once():
    assert sorted(set(entries())) == sorted(entries())
    assert set(entries()) - set(cited()) == set()


def test_every_entry_can_be_found_by_a_reader():
    for entry in re.split(r"(?m)^(?=@)", TEXTS["book/references.bib"])[1:]:
        key = re.match(r"@\w+\{([^,\s]+),", entry)[1]
        fields = set(re.findall(r"(?m)^\s*(\w+)\s*=", entry))
        assert {"title", "author", "year"} <= fields, key
        assert {"doi", "url", "eprint", "isbn"} & fields, f"{key}: no doi, url, eprint or isbn"


ABSOLUTE = re.compile(r"(?<![\w.])/(?:home|Users|root|work|mnt|scratch)/\w|[A-Z]:\\\\?Users")
SECRETS = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}|hf_[A-Za-z]{30,}|sk-[\w-]{20,}|xox[abp]-\w+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
)


@pytest.mark.parametrize("expression", [ABSOLUTE, SECRETS], ids=["absolute path", "secret"])
def test_no_file_holds_an_absolute_path_or_a_secret(expression):
    found = {name: match[0] for name, text in TEXTS.items() if (match := expression.search(text))}
    assert found == {}


def test_the_search_for_paths_and_secrets_finds_them():
    assert ABSOLUTE.search('open("/ho' + 'me/ada/x")')
    assert not ABSOLUTE.search("https://a.example/home/x and /srv/nbgrader")
    assert SECRETS.search("token: gh" + "p_" + "a" * 36)


def test_no_large_file_is_committed():
    sizes = {name: path.stat().st_size for name, path in FILES.items()}
    assert {name: size for name, size in sizes.items() if size > 500_000} == {}


def test_every_top_level_name_is_explained_to_contributors():
    names = {name.split("/")[0] for name in FILES}
    unexplained = {name for name in names if f"`{name}`" not in TEXTS["CONTRIBUTING.md"]}
    assert unexplained == set()
    folders = {name.split("/")[0] for name in FILES if "/" in name}
    assert folders == {".ci", ".github", "book", "labs", "tests", "utils"}


def test_every_make_target_that_is_named_exists():
    for name, text in TEXTS.items():
        if name.endswith((".md", ".yml")) or name == ".ci/run":
            # In running text a target stands in back quotes; in a script or a workflow it is a command.
            named = set(re.findall(r"(?m)(?:`|^\s*|run: |exec )make ([a-z]+)", text))
            assert named <= TARGETS, name


def test_every_target_is_told_by_make_help():
    told = set(re.findall(r"(?m)^([a-z]+):.*## ", MAKEFILE))
    phony = set(re.search(r"(?m)^\.PHONY: (.*)$", MAKEFILE)[1].split())
    assert phony == TARGETS - {"."}
    assert TARGETS - told <= {"site"}


def test_every_module_that_is_run_exists():
    for name, text in TEXTS.items():
        if name.endswith((".md", ".yml", ".py")) or name in ("Makefile", "postBuild"):
            for module in re.findall(r"(?:python|\$\(RUN\)) -m (utils\.\w+)", text):
                assert f"{module.replace('.', '/')}.py" in FILES, f"{name} runs {module}"


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_are_yaml_and_name_files_that_exist(name):
    workflow = yaml.safe_load(TEXTS[name])
    assert workflow["permissions"] == {"contents": "read"}, "rights are given to single jobs"
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "actions/x@v1"))
            for path in re.findall(r"tests/[\w./]+|constraints\.txt|pyproject\.toml", str(step)):
                assert path in FILES, path


def test_the_versions_of_python_agree():
    project = tomllib.loads(TEXTS["pyproject.toml"])["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    supported = ["3.11", "3.12", "3.13"]
    ci = yaml.safe_load(TEXTS[".github/workflows/ci.yml"])
    assert ci["jobs"]["test"]["strategy"]["matrix"]["python"] == supported
    environment = yaml.safe_load(TEXTS["environment.yml"])
    (python,) = [d for d in environment["dependencies"] if str(d).startswith("python=")]
    assert python.removeprefix("python=") in supported
    (pip,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    assert pip[0] == "--constraint constraints.txt"
    extras = re.fullmatch(r"--editable \.\[([\w,]+)\]", pip[1])[1].split(",")
    assert set(extras) <= set(project["optional-dependencies"])


def test_the_version_and_the_licences_agree():
    project = tomllib.loads(TEXTS["pyproject.toml"])["project"]
    citation = yaml.safe_load(TEXTS["CITATION.cff"])
    assert citation["version"] == project["version"]
    assert f"## {project['version']}" in TEXTS["CHANGELOG.md"]
    assert project["license"] == "MIT"
    assert TEXTS["LICENSE"].startswith("MIT License")
    assert "https://creativecommons.org/licenses/by/4.0/legalcode" in TEXTS["LICENSE-PROSE.md"]


def test_the_linters_of_pre_commit_are_those_of_make_lint():
    pins = dict(line.split("==") for line in TEXTS["constraints.txt"].splitlines() if "==" in line)
    hooks = yaml.safe_load(TEXTS[".pre-commit-config.yaml"])["repos"]
    revisions = {
        hook["id"].split("-")[0]: repo["rev"].lstrip("v") for repo in hooks for hook in repo["hooks"]
    }
    assert revisions == {name: pins[name] for name in ("nbstripout", "ruff", "codespell")}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_hook_that_strips_outputs_leaves_a_committed_lab_as_it_is(name):
    hooks = [
        hook for repo in yaml.safe_load(TEXTS[".pre-commit-config.yaml"])["repos"] for hook in repo["hooks"]
    ]
    (arguments,) = [hook["args"] for hook in hooks if hook["id"] == "nbstripout"]
    command = [sys.executable, "-m", "nbstripout", "--textconv", *arguments, str(labs.source(name))]
    stripped = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8").stdout
    assert nbformat.reads(stripped, as_version=4) == NOTEBOOKS[name]


def test_the_pictures_and_files_that_documents_link_to_are_there():
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE-PROSE.md"):
        for target in re.findall(r"\]\(([^)#]+)\)|<img [^>]*src=\"([^\"]+)\"", TEXTS[name]):
            path = "".join(target)
            if "://" not in path:
                assert (ROOT / path).exists(), f"{name} links to {path}"


def test_nothing_is_left_to_fill_in():
    # Put together here, so that the search does not find itself.
    marks = re.compile("@" + r"@\w+@" + "@|T" + "ODO|FIX" + "ME|X" + r"XX|(?m:^Draft\.$)")
    texts = {name: text for name, text in TEXTS.items() if not name.endswith((".bib", ".txt"))}
    assert {name: match[0] for name, text in texts.items() if (match := marks.search(text))} == {}
