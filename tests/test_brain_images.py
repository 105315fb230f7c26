"""utils.brain_images, utils.generated_brains, utils.v1_model: what is read, and what damaged files say."""

import hashlib
import math
import shutil

import numpy as np
import pytest
import torch
from scipy.io import loadmat, savemat

from utils import brain_images, data, rdm_statistics
from utils.brain_images import load_brains, load_haxby
from utils.data_files import PublicFile
from utils.generated_brains import LAYER, drawn_pictures, generate_blocks, shared_code
from utils.image_network import layer_outputs, load_efficientnet
from utils.mat_files import read_mat
from utils.rdm_statistics import pairs, pearson, square
from utils.similarity import correlation_rdm
from utils.v1_model import oriented_filters, v1_energy

PUBLISHED = brain_images.FOLDER + "Kriegeskorte_Neuron2008_supplementalData.mat"
BRAIN = brain_images.FOLDER + "92_brainRDMs.mat"


def available(*names) -> bool:
    try:
        return all(data.fetch(name).is_file() for name in names)
    except data.Missing:
        return False


def write_like_published(path, monkey=None, n=92):
    """A file with the structure of the published one, filled with random numbers."""
    rng = np.random.default_rng(0)
    names = ("mIT_674neurons", "hITvisStim_316vx")
    rdms = [rng.random((1, 4186)) if monkey is None or name != names[0] else monkey for name in names]
    stimulus = {"category": "human face", "image": rng.integers(0, 255, (175, 175, 3)).astype(np.uint8)}
    savemat(
        path,
        {
            "RDMs_mIT_hIT_fig1": [{"name": name, "RDM": rdm} for name, rdm in zip(names, rdms, strict=True)],
            "stimuli_92objs": [stimulus] * n,
        },
        do_compression=True,
    )
    return path


def test_a_truncated_file_is_named(tmp_path):
    whole = write_like_published(tmp_path / "whole.mat")
    assert set(read_mat(whole)) >= {"RDMs_mIT_hIT_fig1", "stimuli_92objs"}
    for share in (0.2, 0.9):
        cut = tmp_path / f"cut{share}.mat"
        cut.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
        with pytest.raises(ValueError, match=rf"{cut.name} is not a MATLAB file .* to its end"):
            read_mat(cut)


def test_another_kind_of_file_is_named(tmp_path):
    page = tmp_path / "page.mat"
    page.write_text("<html>404</html>" * 100)
    with pytest.raises(ValueError, match=r"page\.mat is not a MATLAB file"):
        read_mat(page)


@pytest.mark.parametrize(
    ("rdm", "message"),
    [
        (np.ones((1, 4005)), r"'mIT' has shape \(1, 4005\), expected \(4186,\) or 92 × 92"),
        (np.ones((91, 91)), r"'mIT' has shape \(91, 91\)"),
        (np.full(4186, np.nan), "'mIT' holds 4186 NaN"),
        (np.where(np.eye(92, k=3) > 0, np.inf, 1.0), "89 pairs that are NaN or infinite"),
    ],
)
def test_rdms_of_another_size_or_with_nan_are_named(rdm, message):
    with pytest.raises(ValueError, match=message):
        brain_images._pairs(rdm, "mIT")


def test_a_matrix_and_its_vector_are_the_same():
    vector = torch.rand(4186, dtype=torch.float64)
    torch.testing.assert_close(brain_images._pairs(square(vector).numpy(), "x"), vector)
    torch.testing.assert_close(brain_images._pairs(vector.numpy(), "x"), vector)


def test_a_hash_that_does_not_match_is_named(tmp_path, monkeypatch):
    """A file of the right name and other content is not used; where it cannot be had anew, that is said."""
    folder = tmp_path / "kriegeskorte92"
    folder.mkdir()
    write_like_published(folder / "Kriegeskorte_Neuron2008_supplementalData.mat")
    monkeypatch.setenv("ALIGNMENT_DATA_DIR", str(tmp_path))
    original = data.FILES[PUBLISHED]
    monkeypatch.setitem(
        data.FILES, PUBLISHED, PublicFile(original.sha256, "http://127.0.0.1:9/x.mat", original.licence)
    )
    with pytest.raises(data.Missing, match=r"Kriegeskorte_Neuron2008_supplementalData\.mat is not in"):
        load_brains()


def test_a_damaged_file_with_the_right_hash_is_named(tmp_path, monkeypatch):
    """Should the published file itself be replaced by one that holds other sizes."""
    folder = tmp_path / "kriegeskorte92"
    folder.mkdir()
    path = write_like_published(
        folder / "Kriegeskorte_Neuron2008_supplementalData.mat", monkey=np.ones((1, 4005))
    )
    for name in ("92_brainRDMs", "92_behavRDMs", "92_modelRDMs"):
        savemat(folder / f"{name}.mat", {"nothing": 1})
    monkeypatch.setenv("ALIGNMENT_DATA_DIR", str(tmp_path))
    for file in folder.iterdir():
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        name = f"kriegeskorte92/{file.name}"
        monkeypatch.setitem(data.FILES, name, data.FILES[name]._replace(sha256=digest))
    assert path.is_file()
    with pytest.raises(ValueError, match=r"'monkey IT' has shape \(4005,\)"):
        load_brains()


@pytest.fixture(scope="module")
def brains():
    if not available(PUBLISHED, BRAIN):
        pytest.skip("the recordings are not here")
    return load_brains()


def test_the_recordings_are_whole_and_agree_with_each_other(brains):
    assert brains.images.shape == (92, 3, 175, 175)
    assert brains.sessions.shape == (4, 2, 4186)
    assert len(brains.judgements) == 16
    assert brains.animate.sum() == 48
    # The figure's human RDM is the mean of the sessions, and the monkey's stands in two files.
    figure = {r["name"]: r["RDM"] for r in read_mat(data.fetch(PUBLISHED))["RDMs_mIT_hIT_fig1"]}
    other = read_mat(data.fetch(brain_images.FOLDER + "92_modelRDMs.mat"))["Models"]
    again = next(torch.tensor(model["RDM"]) for model in other if model["name"] == "monkeyIT")
    human = torch.tensor(figure["hITvisStim_316vx"])
    assert pearson(brains.sessions.mean((0, 1)), human).item() == pytest.approx(1, abs=1e-6)
    assert pearson(brains.monkey, pairs(again)).item() == pytest.approx(1, abs=1e-6)
    assert torch.equal(brains.models["animacy"] > 0, pairs(brains.animate[:, None] != brains.animate))


def test_correlation_distances_are_squared_distances_of_points(brains):
    from utils.similarity import gram_of_rdm

    for rdm in (brains.monkey, *brains.sessions.flatten(0, 1)):
        assert torch.linalg.eigvalsh(gram_of_rdm(square(rdm))).min() > -1e-6


def test_a_truncated_recording_is_named(brains, tmp_path):
    cut = tmp_path / "cut.mat"
    shutil.copyfile(data.fetch(PUBLISHED), cut)
    cut.write_bytes(cut.read_bytes()[:1_000_000])
    with pytest.raises(ValueError, match=r"cut\.mat is not a MATLAB file"):
        read_mat(cut)


def test_the_scan_has_a_block_of_each_category_in_each_run():
    if not available("haxby_slice/bold.nii.gz", "haxby_slice/mask.nii.gz", "haxby_slice/attributes.txt"):
        pytest.skip("the scan is not here")
    blocks = load_haxby()
    assert blocks.patterns.shape == (96, 530)
    for run in range(12):
        assert sorted(blocks.categories[blocks.runs == run]) == sorted(set(blocks.categories))
        assert blocks.patterns[torch.tensor(blocks.runs == run)].mean(0).abs().max() < 1e-9


def test_generated_blocks_have_the_form_of_the_scan():
    blocks = generate_blocks(0)
    assert blocks.patterns.shape == (96, 530)
    assert len(set(blocks.categories)) == 8
    assert not torch.equal(blocks.patterns, generate_blocks(1).patterns)


def test_drawn_pictures_are_pictures_and_follow_their_seed():
    first, again, other = (drawn_pictures(np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.shape == (92, 3, 175, 175)
    assert first.min() >= 0
    assert first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_shared_code_has_the_planted_parts():
    maps = torch.randn(92, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    code = shared_code(maps, torch.arange(92) < 48)
    assert code.var(0).sum().item() == pytest.approx(1)
    assert code[:, -1].var().item() == pytest.approx(0.2)
    assert code.mean(0).abs().max() < 1e-9


@pytest.mark.models
def test_generated_brains_are_shaped_like_the_recordings():
    from utils.generated_brains import generate_brains

    brains = generate_brains(0)
    assert brains.sessions.shape == (4, 2, 4186)
    assert not brains.real
    measured = pearson(brains.monkey, brains.sessions.mean((0, 1))).item()
    assert abs(measured - brains.known) < 0.15
    low, high = rdm_statistics.noise_ceiling(brains.sessions.mean(1))
    assert 0 < low < high < 1

    # Living or not, which no layer gave, moves the peak behind the layer that the shared code is made of.
    layers = layer_outputs(load_efficientnet().float(), brains.images.float())
    human = brains.sessions.mean((0, 1))
    likeness = [pearson(pairs(correlation_rdm(x.flatten(1))), human).item() for x in layers.values()]
    assert np.argmax(likeness) > list(layers).index(LAYER)


def grating(angle, wavelength=8, side=128, phase=0.0):
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    wave = torch.cos(2 * torch.pi / wavelength * (x * math.cos(angle) + y * math.sin(angle)) + phase)
    return (0.5 + 0.4 * wave).float().expand(3, side, side)


def test_energy_tells_orientation_and_scale_and_not_phase():
    angles = torch.arange(8) * torch.pi / 8
    energy = v1_energy(torch.stack([grating(angle) for angle in angles])).mean((-2, -1))
    assert energy.shape == (8, 4, 8)
    for i in range(8):
        assert energy[i].flatten().argmax() == 1 * 8 + i  # the second wavelength is 8 pixels
    shifted = v1_energy(grating(angles[2], phase=1.3)[None]).mean((-2, -1))
    torch.testing.assert_close(shifted[0], energy[2], rtol=0.02, atol=1e-3)


def test_filters_are_one_sided_and_see_no_mean():
    bank = oriented_filters(32, 8, (8.0, 16.0))
    assert bank.shape == (2, 8, 32, 32)
    assert (bank[:, :, 0, 0] == 0).all()
    opposite = bank.roll((-1, -1), (-2, -1)).flip((-2, -1))  # the filter at minus each frequency
    assert (bank * opposite)[..., 1:16, 1:16].abs().max() < 1e-12


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.rand(3, 8, 8), r"\(3, 8, 8\), expected \(n, 3, height, width\)"),
        (torch.rand(1, 3, 8, 8) * 255, "outside"),
        (torch.full((1, 3, 8, 8), float("nan")), "NaN"),
    ],
)
def test_bad_pictures_are_named(images, message):
    with pytest.raises(ValueError, match=message):
        v1_energy(images)


def test_savemat_files_are_read_as_the_published_ones(tmp_path):
    path = write_like_published(tmp_path / "x.mat")
    assert loadmat(path, simplify_cells=True)["RDMs_mIT_hIT_fig1"][0]["name"] == "mIT_674neurons"
