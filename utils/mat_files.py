"""MATLAB files, read with one error for all the ways in which they can be damaged."""

from pathlib import Path


def read_mat(path: Path | str, simplify: bool = True) -> dict:
    """What a MATLAB file holds, by name; with `simplify` structures as dictionaries and no sides of length 1.

    Raises ValueError if it is damaged or cut off.
    """
    from scipy.io import loadmat

    try:
        return loadmat(path, simplify_cells=simplify)
    except Exception as error:  # scipy raises many kinds: zlib.error, ValueError, TypeError, MatReadError
        raise ValueError(
            f"{path} is not a MATLAB file that can be read to its end ({type(error).__name__}: {error}). "
            "Delete it, and it is fetched again."
        ) from error
