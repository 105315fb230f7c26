"""What every check needs: call a learner's function safely, compare, and name the likely mistake."""

import traceback
from collections.abc import Callable

import numpy as np
import torch


class CheckFailed(AssertionError):
    """An exercise's answer is wrong; the message says how."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message, and where the answer raised; not the check, which knows it."""
        own = traceback.extract_tb(self.__cause__.__traceback__)[1:] if self.__cause__ else []
        return [*traceback.format_list(own), f"CheckFailed: {self}"]


def call(function: Callable, *args, **kwargs):
    """function(*args, **kwargs), with what goes wrong turned into a CheckFailed that explains itself.

    Raises CheckFailed if the function is still the stub, raises, or returns None.
    """
    name = getattr(function, "__name__", str(function))
    try:
        result = function(*args, **kwargs)
    except NotImplementedError:
        raise CheckFailed(
            f"{name} is not written yet: replace the line that raises NotImplementedError, run that cell, "
            "then run this one again. The hints above open one at a time."
        ) from None
    except Exception as error:
        raise CheckFailed(f"{name} raised {type(error).__name__}: {error}") from error
    if result is None:
        raise CheckFailed(f"{name} returned None: does it end with a return?")
    return result


def _array(value) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().double().numpy()
    return np.asarray(value, dtype=float)


def same(got, want, rtol: float = 1e-4, atol: float = 1e-6) -> bool:
    """Whether two numbers, arrays or tensors have one shape and agree within the tolerance."""
    got, want = _array(got), _array(want)
    return got.shape == want.shape and bool(np.allclose(got, want, rtol=rtol, atol=atol))


def expect(
    got, want, what: str, mistakes: dict[str, object] | None = None, rtol: float = 1e-4, atol: float = 1e-6
) -> None:
    """Fail unless `got` equals `want`; if it equals a known mistake instead, say which.

    what:     what was computed, with its input, such as "the dimensionality of a pentagon's features"
    mistakes: explanation → the value that this mistake gives
    Raises CheckFailed.
    """
    try:
        shape = _array(got).shape
    except (TypeError, ValueError) as error:
        raise CheckFailed(f"{what}: expected numbers, got {type(got).__name__} ({error})") from None
    if same(got, want, rtol, atol):
        return
    for explanation, wrong in (mistakes or {}).items():
        if same(got, wrong, rtol, atol):
            raise CheckFailed(f"{what}: {explanation}")
    if shape != _array(want).shape:
        raise CheckFailed(f"{what}: the result has shape {shape}, expected {_array(want).shape}")
    if not np.isfinite(_array(got)).all():
        raise CheckFailed(f"{what}: the result holds NaN or infinity")
    raise CheckFailed(f"{what}: got {_short(got)}, expected {_short(want)}")


def require(condition: bool, message: str) -> None:
    """Fail with the message unless the condition holds. Raises CheckFailed."""
    if not condition:
        raise CheckFailed(message)


def passed(function: Callable) -> None:
    """Say that the exercise is done."""
    print(f"{function.__name__}: correct.")


def _short(value) -> str:
    return np.array2string(_array(value), precision=4, threshold=6, edgeitems=2)
