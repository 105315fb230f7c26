"""utils.teacher: what is shown is what is stored; cut, killed, foreign files; bad input; a real browser."""

import io
import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import nbformat
import pytest
import torch
from PIL import Image

from utils import pages, teacher
from utils.bradley_terry import fit_rewards
from utils.pendulum import observe, rollout, start_states, uniform_policy
from utils.repository import ROOT
from utils.teacher import ANSWERS, BrokenFile, TeacherPage, comparisons, read


def clips(pairs: int = 6, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    episodes = rollout(uniform_policy(generator), *start_states(2 * pairs, generator), 25)
    return torch.stack(episodes, dim=-1).transpose(0, 1).unflatten(0, (2, pairs))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.jsonl"


def page_with(path, answers, pairs=6):
    page = TeacherPage(path, *clips(pairs))
    for choice in answers:
        page.answer(choice)
    return page


# --- what is stored is what was shown -----------------------------------------------------------------


def test_answers_come_back_as_labels_and_clips(path):
    left, right = clips()
    page_with(path, ["left", "cannot tell", "right", "equal"])
    stored = comparisons(read(path))
    assert stored.label.tolist() == [1, 0, 0.5]
    told = torch.tensor([0, 2, 3])
    torch.testing.assert_close(stored.left, left[told], atol=1e-4, rtol=0)
    torch.testing.assert_close(stored.right, right[told], atol=1e-4, rtol=0)


def test_every_answer_is_in_the_file_before_the_next_pair_is_shown(path):
    page = TeacherPage(path, *clips())
    for number, choice in enumerate(ANSWERS, 1):
        page.answer(choice)
        assert len(path.read_bytes().splitlines()) == number
        assert json.loads(path.read_bytes().splitlines()[-1])["answer"] == choice
        assert page.current == number


def test_the_buttons_and_the_method_do_the_same(path, tmp_path):
    page = TeacherPage(path, *clips())
    box = page.show()
    shown, buttons, status = box.children[0].children, box.children[1].children, box.children[2]
    for button in buttons:
        before = [clip.value for clip in shown]
        button.click()
        assert [clip.value for clip in shown] != before
    assert "Pair 5 of 6; 4 stored" in status.value
    other = page_with(tmp_path / "other.jsonl", ANSWERS)
    assert page.comparisons().label.tolist() == other.comparisons().label.tolist()
    buttons[0].click()
    buttons[0].click()
    assert "All pairs are answered; 6 stored" in status.value
    assert all(button.disabled for button in buttons)


def test_a_clip_is_an_animation_of_the_pendulum_with_words_for_it(path):
    page = TeacherPage(path, *clips())
    image = page.show().children[0].children[0].value
    (alt,) = re.findall(r'alt="([^"]+)"', image)
    theta = clips()[0][0, :, 0]
    assert f"begins {abs(math.degrees(theta[0])):.0f} and ends {abs(math.degrees(theta[-1])):.0f}" in alt
    animation = Image.open(io.BytesIO(teacher.animation(page.pair(0)[0])))
    assert (animation.format, animation.n_frames) == ("GIF", 25)


def test_the_picture_has_gymnasiums_orientation():
    """Upright at θ = 0, to the left at θ = π/2; the bar shows a positive torque to the left."""

    def ink(picture, colour):
        pixels = torch.tensor(list(picture.convert("RGB").get_flattened_data())).view(
            picture.height, picture.width, 3
        )
        y, x = (pixels - torch.tensor(colour)).abs().sum(-1).lt(60).nonzero().float().mean(0)
        return x.item() / picture.width, y.item() / picture.height

    blue, orange = (0, 114, 178), (213, 94, 0)
    for theta, (x, y) in {0.0: (0.5, 0.3), math.pi / 2: (0.3, 0.5), math.pi: (0.5, 0.7)}.items():
        assert ink(teacher.frame(theta), blue) == pytest.approx((x, y), abs=0.05)
    assert ink(teacher.frame(0.0, torque=2.0), orange)[0] < 0.4
    assert ink(teacher.frame(0.0, torque=-2.0), orange)[0] > 0.6


# --- killed, cut, foreign -----------------------------------------------------------------------------


def test_a_new_page_goes_on_after_the_last_stored_answer(path):
    page_with(path, ["left", "right"])
    again = TeacherPage(path, *clips())
    assert again.current == 2
    again.answer("equal")
    assert [record["pair"] for record in read(path)] == [0, 1, 2]


KILLED = """
import os, signal, sys
sys.path.insert(0, "tests")
from test_teacher import TeacherPage, clips
page = TeacherPage(sys.argv[1], *clips(200))
for _ in range(200):
    page.answer("left")
    print(len(page.records), flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill without warning")
def test_a_process_that_is_killed_loses_nothing_that_it_confirmed(path):
    command = [sys.executable, "-c", KILLED, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    confirmed = 0
    while confirmed < 20:
        confirmed = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    confirmed = max([confirmed, *map(int, process.communicate()[0].split())])
    page = TeacherPage(path, *clips(200))
    assert confirmed <= len(page.records) <= confirmed + 1
    assert page.current == len(page.records)


@pytest.mark.parametrize("kept", [1, 40, -2])
def test_a_line_cut_in_half_is_moved_aside_and_the_rest_is_kept(path, kept):
    page_with(path, ["left", "right", "equal"])
    *whole, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole) + last[:kept])
    with pytest.warns(UserWarning, match="cut in half and was moved to answers.jsonl.cut; the 2 comparisons"):
        page = TeacherPage(path, *clips())
    assert page.current == 2
    assert path.read_bytes() == b"".join(whole)
    assert path.with_name("answers.jsonl.cut").read_bytes() == last[:kept] + b"\n"
    page.answer("equal")
    assert [record["answer"] for record in read(path)] == ["left", "right", "equal"]


def test_a_last_line_that_lacks_only_its_end_is_kept(path):
    page_with(path, ["left", "right"])
    path.write_bytes(path.read_bytes()[:-1])
    page = TeacherPage(path, *clips())
    assert page.current == 2
    page.answer("left")
    assert len(read(path)) == 3


def test_a_file_cut_in_the_middle_is_refused_and_not_touched(path):
    page_with(path, ["left", "right", "equal"])
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:30] + b"\n" + third)
    before = path.read_bytes()
    with pytest.raises(BrokenFile, match=r"answers.jsonl, line 2: this is no comparison .*nothing in it was"):
        TeacherPage(path, *clips())
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "line", [b"", b"7", b"{}", b'{"pair":0,"answer":"maybe","left":[[0,0,0]],"right":[[0,0,0]]}', b"\0\0\xff"]
)
def test_lines_that_are_no_comparisons_are_refused(path, line):
    page_with(path, ["left"])
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(BrokenFile, match="line 1"):
        read(path)


def test_answers_about_other_clips_are_refused(path):
    page_with(path, ["left"])
    with pytest.raises(ValueError, match="answer about other clips"):
        TeacherPage(path, *clips(seed=1))
    page_with(path, ["left"] * 5)
    with pytest.raises(ValueError, match="answer about other clips"):
        TeacherPage(path, *(side[:3] for side in clips()))


def test_an_answer_that_cannot_be_stored_is_not_confirmed(path, monkeypatch):
    page = page_with(path, ["left"])
    stored, box = path.read_bytes(), page.show()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(teacher.os, "fsync", full)
    box.children[1].children[0].click()
    assert "Not stored:" in box.children[2].value
    assert page.current == 1
    monkeypatch.undo()
    assert path.read_bytes() == stored
    box.children[1].children[0].click()
    assert page.current == 2


# --- the same fit -------------------------------------------------------------------------------------


def test_stored_answers_feed_the_fit(path):
    left, right = clips(40)
    page = TeacherPage(path, left, right)
    for one, other in zip(left, right, strict=True):
        page.answer("left" if one[:, 0].cos().sum() > other[:, 0].cos().sum() else "right")
    stored = page.comparisons()
    states = [observe(side[..., 0], side[..., 1]) for side in (stored.left, stored.right)]
    fit = fit_rewards(*states, torch.Generator().manual_seed(0), stored.label, num_steps=200)
    up, down = observe(torch.tensor([0.0, math.pi]), torch.zeros(2))
    assert (fit.model(up[None]) > fit.model(down[None])).all()


def test_comparisons_that_contradict_each_other_are_kept_and_end_in_indifference(tmp_path):
    left, right = clips(40)
    one, other = TeacherPage(tmp_path / "one", left, right), TeacherPage(tmp_path / "other", left, right)
    for _ in range(40):
        one.answer("left")
        other.answer("right")
    stored = comparisons(one.records + other.records)
    assert len(stored.label) == 80
    states = [observe(side[..., 0], side[..., 1]) for side in (stored.left, stored.right)]
    fit = fit_rewards(*states, torch.Generator().manual_seed(0), stored.label, bootstrap=False)
    gap = [fit.model(side.flatten(0, 1)).view(3, 80, 25).sum(-1) for side in states]
    assert (gap[0] - gap[1]).abs().mean() < 0.5


# --- bad input ----------------------------------------------------------------------------------------


def test_bad_input_is_named(path):
    left, right = clips()
    for bad in (left[0], left[..., :2], left[:0]):
        with pytest.raises(ValueError, match=r"left has shape .* expected \(pairs, steps, 3\)"):
            TeacherPage(path, bad, bad)
    with pytest.raises(ValueError, match="right has shape"):
        TeacherPage(path, left, right[:2])
    with pytest.raises(ValueError, match="right holds NaN"):
        TeacherPage(path, left, right * float("nan"))
    page = TeacherPage(path, left[:1], right[:1])
    with pytest.raises(ValueError, match="answer is 'both', expected one of"):
        page.answer("both")
    with pytest.raises(ValueError, match="nothing to learn"):
        page.comparisons()
    page.answer("cannot tell")
    with pytest.raises(ValueError, match="all 1 pairs are answered"):
        page.answer("left")
    with pytest.raises(ValueError, match="1 comparisons, and none tells"):
        page.comparisons()
    assert read(path.with_name("missing")) == []
    records = page_with(path.with_name("two"), ["left", "left"]).records
    with pytest.raises(ValueError, match=r"the clips have \[24, 25\] steps"):
        comparisons([records[0], records[1] | {"left": records[1]["left"][:24]}])


# --- a real browser -----------------------------------------------------------------------------------

CELL = """import os, pathlib, sys
pathlib.Path("kernel").write_text(str(os.getpid()))
sys.path[:0] = [{root!r}, {tests!r}]
from test_teacher import clips
from utils.teacher import TeacherPage
TeacherPage("answers.jsonl", *clips()).show()"""


def answers(address) -> bool:
    try:
        urllib.request.urlopen(address + "api", timeout=5).read()
    except OSError:
        return False
    return True


@contextmanager
def jupyter(folder):
    """A JupyterLab of its own over the folder; yields its address and its process."""
    settings = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    settings |= {"JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "JUPYTERLAB_SETTINGS_DIR": str(folder)}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--allow-root", f"--ServerApp.root_dir={folder}", "--IdentityProvider.token="]
    with open(folder / "log.txt", "w") as log:
        process = subprocess.Popen(command, env=os.environ | settings, stderr=log, start_new_session=True)
    try:
        patience = time.monotonic() + 60
        while not answers(address):
            waiting = process.poll() is None and time.monotonic() < patience
            assert waiting, (folder / "log.txt").read_text()
            time.sleep(0.2)
        yield address, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def opened(browser, address, began):
    """The notebook, run: its page, with the teacher's page on it. The cell writes the file `began` first.

    A key pressed before JupyterLab listens is lost, and its first "idle" comes before there is a kernel:
    where the cell has not begun the notebook is opened again.
    """
    began.unlink(missing_ok=True)
    for _ in range(5):
        page = browser.new_context().new_page()
        page.goto(address + "lab/tree/page.ipynb?reset", wait_until="domcontentloaded")
        page.locator(".jp-CodeCell .cm-content").first.click(timeout=60_000)
        page.wait_for_selector("[data-status=idle]", timeout=60_000)
        page.keyboard.press("Shift+Enter")
        patience = time.monotonic() + 20
        while not began.exists() and time.monotonic() < patience:
            page.wait_for_timeout(200)
        if began.exists():
            break
        page.context.close()
    assert began.exists(), "five pages were opened, and on none could the cell be run"
    page.wait_for_selector("img[alt^='The left clip']", timeout=120_000)
    return page


@pytest.mark.browser
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no process groups")
def test_a_person_compares_two_clips_and_nothing_is_lost_when_everything_is_killed(tmp_path):
    if pages.find_browser() is None:
        pytest.skip("no Chromium found")
    cell = CELL.format(root=str(ROOT), tests=str(ROOT / "tests"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "page.ipynb")
    stored = tmp_path / "answers.jsonl"
    with pages.browser() as browser:
        with jupyter(tmp_path) as (address, process):
            page = opened(browser, address, tmp_path / "kernel")
            images = page.locator("img[src^='data:image/gif']")
            assert images.count() == 2
            wide = "(image) => image.complete && image.naturalWidth > 0"
            assert all(image.evaluate(wide) for image in images.all())
            page.get_by_role("button", name="Left is better").click()
            page.get_by_text("Pair 2 of 6; 1 stored").wait_for(timeout=15_000)
            assert [record["answer"] for record in read(stored)] == ["left"]
            page.get_by_role("button", name="Equal").click()
            page.get_by_text("Pair 3 of 6; 2 stored").wait_for(timeout=15_000)
            os.kill(int((tmp_path / "kernel").read_text()), signal.SIGKILL)
            os.killpg(process.pid, signal.SIGKILL)
            page.context.close()
        with jupyter(tmp_path) as (address, _):
            page = opened(browser, address, tmp_path / "kernel")
            page.get_by_text("Pair 3 of 6; 2 stored").wait_for(timeout=15_000)
            page.get_by_role("button", name="Right is better").click()
            page.get_by_text("Pair 4 of 6; 3 stored").wait_for(timeout=15_000)
            page.context.close()
    assert [record["answer"] for record in read(stored)] == ["left", "equal", "right"]
    assert comparisons(read(stored)).label.tolist() == [1, 0.5, 0]
