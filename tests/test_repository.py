"""One address in one place: changing it changes everything that is derived from it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from utils import labs, repository

NEW = "https://github.com/some-one/a.course"


@pytest.fixture
def copy(tmp_path):
    """The repository's text files in a repository of their own, but this file, which names new addresses."""
    for path in repository.text_files():
        if path.name == Path(__file__).name:
            continue
        target = tmp_path / path.relative_to(repository.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def texts(root):
    return {path.relative_to(root): path.read_text(encoding="utf-8") for path in repository.text_files(root)}


def derived(root):
    """Where the addresses are used: the settings of the site and the first cells of the labs."""
    config = yaml.safe_load((root / "_config.yml").read_text())
    sites = {config["html"]["baseurl"], config["sphinx"]["config"]["ogp_site_url"]}
    first = {name: json.loads(labs.source(name, root).read_text())["cells"][:4] for name in labs.names(root)}
    return (
        config["repository"]["url"],
        sites,
        {name: "".join("".join(c["source"]) for c in cells) for name, cells in first.items()},
    )


def assert_agrees(root):
    here = repository.addresses(root)
    url, sites, first = derived(root)
    assert url == here.repository
    assert sites == {here.site}
    for name, cells in first.items():
        assert here.colab(name) in cells
        assert here.source(name) in cells
        assert f"git+{here.repository}" in cells


def test_settings_and_labs_agree_with_pyproject():
    assert_agrees(repository.ROOT)


def test_nothing_of_the_old_address_is_left(copy):
    old = repository.addresses(copy)
    assert repository.change(NEW, root=copy)
    assert repository.addresses(copy) == (NEW, "https://some-one.github.io/a.course/")
    assert_agrees(copy)
    for path, text in texts(copy).items():
        assert old.slug not in text, path
        assert old.site not in text, path
        assert old.site.split("/")[2] not in text, path


def test_changing_back_restores_every_file(copy):
    before = texts(copy)
    old = repository.addresses(copy)
    repository.change(NEW, "https://course.example/ai", root=copy)
    assert repository.addresses(copy).site == "https://course.example/ai/"
    assert texts(copy) != before
    repository.change(old.repository, old.site, root=copy)
    assert texts(copy) == before


def test_a_name_that_only_begins_like_the_old_one_is_left_alone(copy):
    slug = repository.addresses(copy).slug
    (copy / "note.md").write_text(f"https://github.com/{slug}-two and https://github.com/{slug}\n")
    repository.change(NEW, root=copy)
    assert (copy / "note.md").read_text() == f"https://github.com/{slug}-two and {NEW}\n"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "some-one/course",
        "https://example.org/some-one/course",
        "https://github.com/some-one",
        "git@github.com:some-one/course",
    ],
)
def test_an_address_in_another_form_is_refused(copy, address):
    before = texts(copy)
    with pytest.raises(ValueError, match="repository is"):
        repository.change(address, root=copy)
    assert texts(copy) == before


def test_the_site_of_a_repository():
    assert (
        repository.default_site("https://github.com/Some-One/Course") == "https://some-one.github.io/Course/"
    )
    here = repository.Addresses(NEW, "https://example.org/")
    assert here.slug == "some-one/a.course"
    assert (
        here.colab("part/tiny")
        == f"https://colab.research.google.com/github/{here.slug}/blob/student/part/tiny.ipynb"
    )
    assert here.source("part/tiny") == f"{NEW}/blob/main/labs/part/tiny.ipynb"
