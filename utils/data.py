"""Public data sets, fetched by pooch and checked against their hashes; `utils.data_files` names them."""

from pathlib import Path

import pooch
import requests

from utils.data_files import FILES


class Missing(RuntimeError):
    """A data file can neither be found nor downloaded; the message says which and what to do."""


SECONDS = 10  # how long a server may stay silent before a download is given up


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
