"""The readers of the worm's wiring and signals: known facts, orientation, and damaged files."""

import json

import h5py
import numpy as np
import pytest

from utils import worm_data
from utils.wheels import CONNECTOME, SIGNAL_ATLAS, MissingPackage, wheel_file
from utils.worm_data import (
    COMMAND,
    INHIBITORY,
    MOTOR,
    SENSORY,
    generated_worm,
    read_atlas,
    read_connectome,
    shared_names,
)


@pytest.fixture(scope="module")
def connectome():
    try:
        return read_connectome()
    except MissingPackage as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def atlas():
    try:
        return read_atlas()
    except MissingPackage as missing:
        pytest.skip(str(missing))


def test_the_connectome_has_what_every_textbook_says(connectome):
    assert len(connectome.names) == len(set(connectome.names)) == 302
    assert len(connectome.muscles) == 95
    counts = {kind: len(connectome.which(kind)) for kind in (COMMAND, MOTOR, INHIBITORY)}
    assert counts == {COMMAND: 10, MOTOR: 69, INHIBITORY: 24}
    left_out = {"AVL", "DVB"} | {f"VC{i}" for i in range(1, 7)}
    assert left_out < set(connectome.names)
    assert not any(kind.match(name) for kind in (MOTOR, INHIBITORY) for name in left_out)
    assert (connectome.gap == connectome.gap.T).all()
    assert connectome.to_muscle.shape == (302, 95)


def test_rows_of_the_connectome_send(connectome):
    """Sensory neurons synapse on AIY, command interneurons on motor neurons, and less the other way."""
    chemical = connectome.chemical
    sensory, command, motor = (connectome.which(kind) for kind in (SENSORY, COMMAND, MOTOR))
    aiy = [connectome.names.index(name) for name in ("AIYL", "AIYR")]
    assert chemical[np.ix_(sensory, aiy)].sum() > 3 * chemical[np.ix_(aiy, sensory)].sum()
    assert chemical[np.ix_(command, motor)].sum() > 5 * chemical[np.ix_(motor, command)].sum()
    assert connectome.to_muscle[motor].sum() > 3 * connectome.to_muscle[sensory].sum()


def test_rows_of_the_atlas_were_stimulated(atlas):
    """A stimulated neuron was also seen, so within its row nothing was seen more often."""
    seen = np.diag(atlas.count)
    assert (atlas.count.max(1) <= seen)[seen > 0].all()
    assert (atlas.count.max(0) <= seen)[seen > 0].mean() < 0.5


def test_the_atlas_is_the_file_turned_round(atlas):
    with h5py.File(wheel_file(SIGNAL_ATLAS)) as file:
        raw = file["wt"]["q"][:]
        name = file["neuron_ids"][3].decode()
    assert atlas.names[3] == name
    np.testing.assert_array_equal(atlas.q[3], raw[:, 3])
    assert np.isnan(atlas.q).any()


def test_the_names_agree_but_for_four(connectome, atlas):
    names = shared_names(connectome, atlas)
    assert set(connectome.names) - set(names) == {"AWCL", "AWCR", "CANL", "CANR"}
    assert set(atlas.names) - set(names) == {"AWCON", "AWCOF"}
    here = atlas.at(names[::-1])
    i, j = atlas.names.index(names[5]), atlas.names.index(names[7])
    np.testing.assert_equal(here.q[len(names) - 6, len(names) - 8], atlas.q[i, j])
    with pytest.raises(ValueError, match=r"no neuron.*AWCL"):
        atlas.at(["AVAL", "AWCL"])


def test_the_mutant_is_another_matrix(atlas):
    assert (read_atlas("unc31").count != atlas.count).any()
    with pytest.raises(ValueError, match="strain is 'unc-31'"):
        read_atlas("unc-31")


@pytest.fixture
def content(connectome):
    return json.loads(wheel_file(CONNECTOME).read_text())


def spoilt(content, folder, change):
    change(content)
    path = folder / "connectome.json"
    path.write_text(json.dumps(content))
    return path


def put(kind, value):
    def change(content):
        content["connections"][kind][1][2] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("Generic_CS", float("nan")), "chemical holds 1 entries that are NaN"),
        (put("Generic_CS", -1.0), "negative"),
        (put("Generic_GJ", 77.0), "not symmetric"),
        (lambda content: content["connections"]["Generic_CS"].pop(), "has shape"),
        (lambda content: content["connections"]["Generic_CS"][0].pop(), "rows of different lengths"),
        (lambda content: content["connections"].pop("Generic_GJ"), "Generic_GJ"),
        (
            lambda content: content["nodes"].__setitem__(content["nodes"].index("AVAL"), "hyp99"),
            "301 neurons",
        ),
    ],
)
def test_a_bad_connectome_is_refused_by_name(content, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        read_connectome(spoilt(content, tmp_path, change))


def test_a_truncated_connectome_is_refused(connectome, tmp_path):
    path = tmp_path / "short.json"
    path.write_text(wheel_file(CONNECTOME).read_text()[:5000])
    with pytest.raises(ValueError, match="damaged"):
        read_connectome(path)


def small_atlas(path, **changes):
    """An atlas of three neurons in the package's layout."""
    content = {"q": np.full((3, 3), 0.5), "dFF": np.zeros((3, 3)), "occ1": np.ones((3, 3))} | changes
    with h5py.File(path, "w") as file:
        file["neuron_ids"] = np.array([b"AVAL", b"AVAR", b"AVBL"])
        for name, values in content.items():
            if values is not None:
                file[f"wt/{name}"] = values
    return path


def test_missing_pairs_stay_missing_and_columns_become_rows(tmp_path):
    q = np.full((3, 3), 0.5)
    q[0, 1], q[2, 0] = 0.01, np.nan
    atlas = read_atlas("wt", small_atlas(tmp_path / "a.h5", q=q))
    assert atlas.q[1, 0] == 0.01  # stimulating the second neuron, the first responded
    assert np.isnan(atlas.q[0, 2])
    assert np.isfinite(atlas.q).sum() == 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"q": np.full((3, 2), 0.5)}, r"q has shape \(3, 2\)"),
        ({"q": np.full((3, 3), 1.5)}, r"q lies in \[1.5, 1.5\]"),
        ({"occ1": np.full((3, 3), np.nan)}, "occ1 holds 9 entries that are NaN"),
        ({"dFF": np.full((3, 3), np.inf)}, "dFF holds 9"),
        ({"dFF": None}, "damaged"),
    ],
)
def test_a_bad_atlas_is_refused_by_name(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        read_atlas("wt", small_atlas(tmp_path / "a.h5", **changes))


def test_a_truncated_atlas_is_refused(tmp_path):
    path = small_atlas(tmp_path / "a.h5")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match="damaged"):
        read_atlas("wt", path)


def test_a_missing_package_is_told_in_one_sentence(monkeypatch):
    def gone(wheel):
        raise MissingPackage(f"{wheel.package} is not installed")

    monkeypatch.setattr(worm_data, "wheel_file", gone)
    with pytest.raises(MissingPackage, match="cect"):
        read_connectome()
    with pytest.raises(MissingPackage, match="wormneuroatlas"):
        read_atlas()


def test_the_generated_worm_holds_what_was_planted():
    connectome, atlas, mutant = generated_worm(3)
    assert len(connectome.names) == len(set(connectome.names)) == 302
    assert len(connectome.which(MOTOR)) == 69
    assert len(connectome.which(COMMAND)) == 10
    assert (connectome.gap == connectome.gap.T).all()
    assert shared_names(connectome, atlas) == connectome.names
    known = np.isfinite(atlas.q) & ~np.eye(302, dtype=bool)
    hit = atlas.q < 0.05
    either = (connectome.chemical + connectome.chemical.T + connectome.gap) > 0
    assert hit[known & either].mean() > 1.5 * hit[known & ~either].mean()
    seen = np.diag(atlas.count)
    assert (atlas.count.max(1) <= seen).all()
    assert mutant.count.mean() < 0.7 * atlas.count.mean()
    np.testing.assert_array_equal(generated_worm(3)[0].chemical, connectome.chemical)
    assert (generated_worm(4)[0].chemical != connectome.chemical).any()
