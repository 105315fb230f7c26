"""Two public records of brains that look at pictures: 92 images in two species, and a part of a scan.

The 92 images of Kriegeskorte et al. 2008 come with distances (RDMs), not with the responses that gave them.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from utils.data import fetch
from utils.mat_files import read_mat
from utils.rdm_statistics import pairs

FOLDER = "kriegeskorte92/"
NUM_IMAGES = 92


class Brains(NamedTuple):
    """What was shown, and the distances that it made; distances are 1 - r of patterns, as vectors of pairs.

    images:     colours in [0, 1]
    categories: the name of each image's category
    animate:    whether each image shows a living thing or a part of one
    monkey:     inferior temporal cortex (IT) of monkeys, 674 neurons taken together
    sessions:   human IT, subjects × sessions × pairs
    judgements: of 16 people; empty where there are none
    models:     name → the distances that came with the data, which do not follow from our own code
    known:      the correlation of the monkey's and the human's distances: from these files, or planted
    real:       whether these are recordings, and not generated
    """

    images: Float[Tensor, "n 3 h w"]
    categories: list[str]
    animate: Tensor
    monkey: Float[Tensor, " pairs"]
    sessions: Float[Tensor, "subjects sessions pairs"]
    judgements: Float[Tensor, "people pairs"]
    models: dict[str, Float[Tensor, " pairs"]]
    known: float
    real: bool


def load_brains() -> Brains:
    """The 92 images and all distances that are public with them.

    Raises utils.data.Missing if a file is neither here nor to be had, ValueError if one is damaged.
    """
    published = read_mat(fetch(FOLDER + "Kriegeskorte_Neuron2008_supplementalData.mat"))
    brain = read_mat(fetch(FOLDER + "92_brainRDMs.mat"))
    judged = read_mat(fetch(FOLDER + "92_behavRDMs.mat"))
    simple = read_mat(fetch(FOLDER + "92_modelRDMs.mat"))
    stimuli = published["stimuli_92objs"]
    pictures = np.stack([stimulus["image"] for stimulus in stimuli])
    both = {rdm["name"]: rdm["RDM"] for rdm in published["RDMs_mIT_hIT_fig1"]}
    categories = [str(stimulus["category"]) for stimulus in stimuli]
    return Brains(
        images=torch.tensor(pictures).permute(0, 3, 1, 2) / 255,
        categories=categories,
        animate=torch.tensor(["inanimate" not in category for category in categories]),
        monkey=_pairs(both["mIT_674neurons"], "monkey IT"),
        sessions=torch.stack(
            [
                torch.stack([_pairs(session.RDM, session.name) for session in subject])
                for subject in brain["RDMs"]
            ]
        ),
        judgements=torch.stack([_pairs(one["RDM"], one["name"]) for one in judged["rdms_behav_92"]]),
        models={
            one["name"]: _pairs(one["RDM"], one["name"])
            for one in simple["Models"]
            if one["name"] not in ("monkeyIT", "EVA")  # one is no model, the other is not described
        },
        known=0.49,
        real=True,
    )


def _pairs(rdm: np.ndarray, name: str) -> Float[Tensor, " pairs"]:
    """A matrix or a vector of distances as a vector, checked for its size and for NaN."""
    rdm = torch.as_tensor(np.asarray(rdm), dtype=torch.float64)
    wanted = NUM_IMAGES * (NUM_IMAGES - 1) // 2
    if rdm.shape not in [(wanted,), (NUM_IMAGES, NUM_IMAGES)]:
        raise ValueError(f"the RDM {name!r} has shape {tuple(rdm.shape)}, expected ({wanted},) or 92 × 92")
    vector = rdm if rdm.ndim == 1 else pairs(rdm)
    if not torch.isfinite(vector).all():
        raise ValueError(
            f"the RDM {name!r} holds {int((~torch.isfinite(vector)).sum())} NaN or infinite pairs"
        )
    return vector


class Blocks(NamedTuple):
    """One pattern for each block of a scan in which one category was shown.

    patterns:   mean response of each voxel during the block, trends taken off, centred in each run
    categories: what was shown, by name
    runs:       in which run of the scanner
    """

    patterns: Float[Tensor, "blocks voxels"]
    categories: np.ndarray
    runs: np.ndarray


def load_haxby() -> Blocks:
    """Half an axial slice of one subject's scan (Haxby et al. 2001): 12 runs of 8 blocks, 530 voxels.

    The example that comes with PyMVPA; the scans of all six subjects are public elsewhere.

    Raises utils.data.Missing if a file is neither here nor to be had, ValueError if one is damaged.
    """
    import nibabel
    from scipy.signal import detrend

    bold, mask = (
        np.asarray(nibabel.load(fetch(f"haxby_slice/{name}.nii.gz")).dataobj) for name in ("bold", "mask")
    )
    labels, runs = np.loadtxt(fetch("haxby_slice/attributes.txt"), dtype=int).T
    if bold.shape[:3] != mask.shape or bold.shape[3] != len(labels):
        raise ValueError(
            f"bold has shape {bold.shape}, mask {mask.shape}, and there are {len(labels)} labels"
        )
    volumes = bold[mask > 0].T.astype(float)
    names = ["rest", "face", "house", "shoe", "cat", "scissors", "scrambled", "bottle", "chair"]
    patterns, shown, where = [], [], []
    for run in np.unique(runs):
        flat = detrend(volumes[runs == run], axis=0)
        here = np.stack([flat[labels[runs == run] == label].mean(0) for label in range(1, 9)])
        patterns.append(here - here.mean(0))
        shown += names[1:]
        where += [run] * 8
    return Blocks(torch.tensor(np.concatenate(patterns)), np.array(shown), np.array(where))
