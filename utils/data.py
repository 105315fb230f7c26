"""Public data sets, fetched by pooch: each file named once, with its address and hash."""

from pathlib import Path
from typing import NamedTuple

import pooch
import requests


class Missing(RuntimeError):
    """A data file can neither be found nor downloaded; the message says which and what to do."""


class PublicFile(NamedTuple):
    """sha256 of the file, where the public copy lies, and under which licence."""

    sha256: str
    url: str
    licence: str


SECONDS = 10  # how long a server may stay silent before a download is given up

_EXAMPLES = (
    "https://raw.githubusercontent.com/pytorch/examples/"
    "77f55b912142e11fcfdf5b530231fb9c52f181e8/word_language_model/data/"
)
_CHAR_RNN = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/"
)

FILES = {
    "corpora/wikitext2_valid.txt": PublicFile(
        "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
        _EXAMPLES + "wikitext-2/valid.txt",
        "CC BY-SA",
    ),
    "corpora/wikitext2_test.txt": PublicFile(
        "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
        _EXAMPLES + "wikitext-2/test.txt",
        "CC BY-SA",
    ),
    "corpora/tinyshakespeare.txt": PublicFile(
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        _CHAR_RNN + "tinyshakespeare/input.txt",
        "public domain",
    ),
}


def fetch(name: str) -> Path:
    """The path of a public data file, downloaded on first use and checked against its hash.

    name: a key of FILES, such as "corpora/wikitext2_valid.txt"

    ALIGNMENT_DATA_DIR names a folder that already holds the files (or shall hold them); otherwise they
    lie in the user's cache. Raises ValueError for an unknown name, Missing if the file is neither there
    nor to be had.
    """
    if name not in FILES:
        raise ValueError(f"name is {name!r}, expected one of {sorted(FILES)}")
    file = FILES[name]
    pooch.get_logger().setLevel("ERROR")
    store = pooch.create(
        path=pooch.os_cache("alignment-by-experiment"),
        base_url="",
        env="ALIGNMENT_DATA_DIR",
        registry={name: f"sha256:{file.sha256}"},
        urls={name: file.url},
    )
    try:
        return Path(store.fetch(name, downloader=pooch.HTTPDownloader(timeout=SECONDS)))
    except requests.RequestException as error:
        reason = f"no download from {file.url}: {type(error).__name__}"
    except OSError as error:
        reason = f"the folder cannot be written: {error.strerror}"
    except ValueError:
        reason = f"what {file.url} sent has another hash than the book's file"
    raise Missing(
        f"{name} is not in {store.abspath} ({reason}). Put the file there by hand, "
        "or name a folder that holds it in ALIGNMENT_DATA_DIR."
    )
