"""A person as the teacher: a page that shows two clips side by side and stores every comparison at once.

The file has one JSON object a line: {"pair": 3, "answer": "left", "time": "...", "left": [[θ, ω, u], ...],
"right": [[θ, ω, u], ...]}. It holds the clips themselves, so that it can be learned from without the program
that made them. A line is written, flushed and synchronised before the next pair is shown.
"""

import base64
import io
import json
import math
import os
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

ANSWERS = {"left": 1.0, "right": 0.0, "equal": 0.5, "cannot tell": None}  # → share of votes for the left
FRAME_MS, PIXELS = 50, 180  # one step of the pendulum a frame, so that a clip runs in real time


class BrokenFile(ValueError):
    """A file of comparisons cannot be read; the message says where and what to do."""


class Comparisons(NamedTuple):
    """What a teacher said, without the pairs that it could not tell.

    left:  the clips on the left, (θ, ω, u) at each step
    right: those on the right
    label: 1 where the left one was better, 0 the right one, ½ equal
    """

    left: Float[Tensor, "pairs steps 3"]
    right: Float[Tensor, "pairs steps 3"]
    label: Float[Tensor, "pairs"]


def read(path: str | Path) -> list[dict]:
    """The lines of a file of comparisons; none if there is no such file.

    A program that dies while it writes leaves a last line without an end. That line was never confirmed on
    the page: it is moved to a file beside it, named *.cut, with a warning, and everything before it is kept.
    Raises BrokenFile for a line that cannot be read elsewhere, and changes nothing then.
    """
    path = Path(path)
    data = path.read_bytes() if path.exists() else b""
    *lines, rest = data.split(b"\n")
    records = [_parse(line, path, number) for number, line in enumerate(lines, 1)]
    if rest:
        try:
            records.append(_parse(rest, path, len(lines) + 1))
            _replace(path, data + b"\n")  # whole but for its end
        except BrokenFile:
            cut = path.with_name(path.name + ".cut")
            with cut.open("ab") as file:
                file.write(rest + b"\n")
            _replace(path, data[: len(data) - len(rest)])
            warnings.warn(
                f"{path}: the last line was cut in half and was moved to {cut.name}; "
                f"the {len(records)} comparisons before it are kept",
                stacklevel=2,
            )
    return records


def _parse(line: bytes, path: Path, number: int) -> dict:
    try:
        record = json.loads(line)
        clips = torch.tensor([record["left"], record["right"]])
        good = clips.ndim == 3 and clips.shape[-1] == 3 and bool(clips.isfinite().all())
        good = good and record["answer"] in ANSWERS and isinstance(record["pair"], int)
    except (ValueError, TypeError, KeyError):
        good = False
    if not good:
        raise BrokenFile(
            f"{path}, line {number}: this is no comparison ({line[:40]!r}…). Something else has changed the "
            "file; nothing in it was touched. Repair or remove that line, or name another file."
        )
    return record


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that it is at every moment either the old or the new one."""
    other = path.with_name(path.name + ".new")
    with other.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(other, path)


def comparisons(records: Sequence[dict]) -> Comparisons:
    """The records as tensors for a fit; comparisons that contradict each other are all kept.

    Raises ValueError if no record tells which of two clips is the better, or if their lengths differ.
    """
    told = [record for record in records if ANSWERS[record["answer"]] is not None]
    if not told:
        raise ValueError(f"{len(records)} comparisons, and none tells which clip is better: nothing to learn")
    lengths = {len(record[side]) for record in told for side in ("left", "right")}
    if len(lengths) > 1:
        raise ValueError(f"the clips have {sorted(lengths)} steps, expected one length")
    left, right = (torch.tensor([record[side] for record in told]) for side in ("left", "right"))
    return Comparisons(left, right, torch.tensor([ANSWERS[record["answer"]] for record in told]))


class TeacherPage:
    """Two clips, four buttons, one file. In a notebook, `page.show()` as the last line of a cell shows it.

    path:        the file; answers that are already there are not asked for again
    left, right: the clips of each pair, (pairs, steps, 3) with θ in rad, ω in rad/s and u in N m
    Raises ValueError for clips of other shapes or with NaN, and if the file holds answers about other clips;
    BrokenFile if the file cannot be read.
    """

    def __init__(
        self, path: str | Path, left: Float[Tensor, "pairs steps 3"], right: Float[Tensor, "pairs steps 3"]
    ):
        for name, clips in (("left", left), ("right", right)):
            if clips.ndim != 3 or clips.shape[-1] != 3 or clips.shape != left.shape or not clips.numel():
                raise ValueError(
                    f"{name} has shape {tuple(clips.shape)}, expected (pairs, steps, 3), as left"
                )
            if not clips.isfinite().all():
                raise ValueError(f"{name} holds NaN or infinity")
        self.path = Path(path)
        # Rounded before they are shown and stored, so that a clip and its copy in the file are equal.
        self.left, self.right = (_rounded(clips) for clips in (left, right))
        self.records = read(self.path)
        for record in self.records:
            pair = record["pair"]
            known = 0 <= pair < len(left) and [record["left"], record["right"]] == list(self.pair(pair))
            if not known:
                raise ValueError(
                    f"{self.path} holds an answer about other clips (its pair {pair}). To go on with it, "
                    "show the clips that it was begun with; to begin anew, name another file."
                )
        self._widgets = None

    def pair(self, number: int) -> tuple[list, list]:
        """The two clips of a pair, as they are stored."""
        return self.left[number], self.right[number]

    @property
    def current(self) -> int | None:
        """The number of the pair that is asked for, None when all are answered."""
        answered = {record["pair"] for record in self.records}
        return next((pair for pair in range(len(self.left)) if pair not in answered), None)

    def answer(self, choice: str) -> None:
        """Store an answer about the current pair and go on to the next; the buttons call this.

        Raises ValueError for an unknown answer or if all pairs are answered, OSError if it cannot be stored:
        then the page stays where it is.
        """
        if choice not in ANSWERS:
            raise ValueError(f"answer is {choice!r}, expected one of {list(ANSWERS)}")
        if self.current is None:
            raise ValueError(f"all {len(self.left)} pairs are answered")
        left, right = self.pair(self.current)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        record = {"pair": self.current, "answer": choice, "time": now, "left": left, "right": right}
        _append(self.path, json.dumps(record, separators=(",", ":")).encode() + b"\n")
        self.records.append(record)
        self._refresh()

    def comparisons(self) -> Comparisons:
        """What has been answered so far, as tensors. Raises ValueError as `comparisons` does."""
        return comparisons(self.records)

    def show(self):
        """The page as an ipywidgets box."""
        import ipywidgets as widgets

        clips = [widgets.HTML(layout={"margin": "0 1em 0 0"}) for _ in range(2)]
        labels = {"left": "Left is better", "right": "Right is better", "equal": "Equal"}
        buttons = [
            widgets.Button(description=labels.get(choice, "Cannot tell"), layout={"width": "9em"})
            for choice in ANSWERS
        ]
        status = widgets.HTML()
        for choice, button in zip(ANSWERS, buttons, strict=True):
            button.on_click(lambda _, choice=choice: self._clicked(choice))
        self._widgets = clips, buttons, status
        self._refresh()
        return widgets.VBox([widgets.HBox(clips), widgets.HBox(buttons), status])

    def _clicked(self, choice: str) -> None:
        try:
            self.answer(choice)
        except (OSError, ValueError) as error:
            self._widgets[2].value = f"<b>Not stored:</b> {error}"

    def _refresh(self) -> None:
        if self._widgets is None:
            return
        clips, buttons, status = self._widgets
        current, total = self.current, len(self.left)
        for button in buttons:
            button.disabled = current is None
        place = "All pairs are answered" if current is None else f"Pair {current + 1} of {total}"
        status.value = f"{place}; {len(self.records)} stored in {self.path.name}"
        for clip, side in zip(clips, ("left", "right"), strict=True):
            clip.value = "" if current is None else _image(getattr(self, side)[current], side)


def _rounded(clips: Tensor) -> list:
    return [[[round(value, 4) for value in step] for step in clip] for clip in clips.double().tolist()]


def _append(path: Path, line: bytes) -> None:
    """Add a line at the end, and take back what was written of it if that fails."""
    with open(path, "ab", buffering=0) as file:
        before = file.tell()
        try:
            if file.write(line) != len(line):
                raise OSError(f"{path} could not be written to the end: is the disk full?")
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)
            raise


def _image(clip: list, side: str) -> str:
    first, last = (abs(math.degrees(math.remainder(clip[i][0], math.tau))) for i in (0, -1))
    words = f"The {side} clip: a pendulum that begins {first:.0f} and ends {last:.0f} degrees from upright."
    data = base64.b64encode(animation(clip)).decode()
    return f'<img src="data:image/gif;base64,{data}" alt="{words}" width="{PIXELS}" height="{PIXELS}">'


def frame(theta: float, torque: float = 0.0, pixels: int = PIXELS):
    """One picture of the pendulum, upright at θ = 0, θ growing to the left as in Gymnasium; the bar below
    shows the torque. A Pillow image."""
    from PIL import Image, ImageDraw

    scale = 3  # drawn larger and made small, which smooths the edges
    size = scale * pixels
    picture = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(picture)
    middle, reach, thick = size / 2, 0.38 * size, 0.06 * size
    end = (middle - reach * math.sin(theta), middle - reach * math.cos(theta))
    draw.line([(middle, middle), end], fill="#0072B2", width=round(thick))
    for x, y, radius, colour in (
        (*end, thick / 2, "#0072B2"),
        (middle, middle, thick / 2, "#0072B2"),
        (middle, middle, thick / 4, "#1a1a1a"),
    ):
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)
    bar = sorted((middle, middle - torque / 2 * 0.3 * size))
    draw.rectangle([bar[0], 0.95 * size, bar[1], 0.98 * size], fill="#D55E00")
    draw.rectangle([0, 0, size - 1, size - 1], outline="#8a8a8a", width=scale)
    return picture.resize((pixels, pixels), Image.Resampling.LANCZOS)


def animation(clip: Sequence[Sequence[float]]) -> bytes:
    """The clip as an animated GIF in real time that begins anew after a short rest."""
    from PIL import Image

    frames = [frame(theta, torque).quantize(32, dither=Image.Dither.NONE) for theta, _, torque in clip]
    times = [FRAME_MS] * (len(frames) - 1) + [10 * FRAME_MS]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0)
    return buffer.getvalue()
