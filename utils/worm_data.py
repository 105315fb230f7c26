"""The wiring diagram of C. elegans and the atlas of its signals, from the packages that carry them.

The connectome is that of Cook et al. (2019), the hermaphrodite; the atlas that of Randi et al. (2023). Here
every matrix has the neuron that sends in its row and the neuron that receives in its column.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils.wheels import CONNECTOME, SIGNAL_ATLAS, wheel_file

MUSCLE = re.compile(r"M[DV][LR]\d\d$")  # 95 body wall muscles, such as MDL08
NEURON = re.compile(r"(?!GLR)(?:[A-Z]{2,5}\d{0,2}|I\d[LR]?|M\d[LR]?|IL[12][DV]?[LR])$")  # GLR are glia
SENSORY = re.compile(
    "(ADE|ADF|ADL|AFD|ALM|ALN|AQR|ASE|ASG|ASH|ASI|ASJ|ASK|AVM|AWA|AWB|AWC|BAG|CEP|FLP|IL1|IL2|OLL|OLQ|PDE"
    "|PHA|PHB|PHC|PLM|PLN|PQR|PVD|PVM|SDQ|URA|URB|URX|URY)[DV]?[LR]?$"
)
COMMAND = re.compile("(AVA|AVB|AVD|AVE|PVC)[LR]$")
MOTOR = re.compile(r"(DA|DB|DD|VA|VB|VD|AS)\d+$")  # 69 of the body; the six VC, for egg-laying, left out
INHIBITORY = re.compile(r"((DD|VD)\d+|RME[LRDV]|RIS)$")  # 24 of 26 GABA neurons: AVL and DVB can excite


class Connectome(NamedTuple):
    """Who is connected to whom, and by how many sections of synapse (`chemical`) or gap junction (`gap`).

    names:    n neurons
    chemical: (n, n), presynaptic neurons in rows
    gap:      (n, n), symmetric
    muscles:  the body wall muscles' names
    to_muscle: (n, muscles), chemical synapses on muscles
    """

    names: list[str]
    chemical: np.ndarray
    gap: np.ndarray
    muscles: list[str]
    to_muscle: np.ndarray

    def which(self, pattern: re.Pattern) -> np.ndarray:
        """The places of the neurons whose names match."""
        return np.array([i for i, name in enumerate(self.names) if pattern.match(name)], dtype=int)


class Atlas(NamedTuple):
    """What happened in neuron j when neuron i was stimulated; NaN where the pair was not measured.

    names:    n neurons
    q:        (n, n), the false discovery rate at which the response of column to row counts as one
    response: (n, n), the mean change of the column's fluorescence
    count:    (n, n), how often the pair was observed
    """

    names: list[str]
    q: np.ndarray
    response: np.ndarray
    count: np.ndarray

    def at(self, names: list[str]) -> "Atlas":
        """The atlas of these neurons, in this order. Raises ValueError for a name that it lacks."""
        if missing := sorted(set(names) - set(self.names)):
            raise ValueError(f"names: the atlas has no neuron {missing[:5]}")
        take = np.array([self.names.index(name) for name in names])
        return Atlas(list(names), *(matrix[np.ix_(take, take)] for matrix in self[1:]))


def square(matrix, n: int, what: str, nan: bool = False) -> np.ndarray:
    """The matrix as floats. Raises ValueError unless it is (n, n), and finite unless nan is allowed."""
    try:
        array = np.asarray(matrix, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{what} is no matrix of numbers: rows of different lengths?") from None
    if array.shape != (n, n):
        raise ValueError(f"{what} has shape {array.shape}, expected {(n, n)}, a row and a column a neuron")
    bad = ~np.isfinite(array)
    if nan:
        bad &= ~np.isnan(array)
    if bad.any():
        raise ValueError(f"{what} holds {int(bad.sum())} entries that are NaN or infinite, expected numbers")
    return array


def read_connectome(path: Path | None = None) -> Connectome:
    """The hermaphrodite's wiring: 302 neurons, 95 body wall muscles.

    path: a JSON file of the package cect; without it, the package's own
    Raises MissingPackage without the package; ValueError for a damaged file, a matrix of another shape,
    NaN or negative entries, a gap junction matrix that is not symmetric, or another number of neurons.
    """
    path = path or wheel_file(CONNECTOME)
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        nodes, connections = list(content["nodes"]), content["connections"]
        raw = connections["Generic_CS"], connections["Generic_GJ"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is no connectome of the package cect, or it is damaged: {error!r}"
        ) from None
    chemical, gap = square(raw[0], len(nodes), "chemical"), square(raw[1], len(nodes), "gap")
    if min(chemical.min(), gap.min()) < 0:
        raise ValueError("the connectome holds negative counts, expected numbers of sections")
    if not (gap == gap.T).all():
        raise ValueError("gap is not symmetric: a gap junction has no direction")
    neurons = [i for i, name in enumerate(nodes) if NEURON.match(name) and not MUSCLE.match(name)]
    muscles = [i for i, name in enumerate(nodes) if MUSCLE.match(name)]
    if (len(neurons), len(muscles)) != (302, 95):
        raise ValueError(f"{path} names {len(neurons)} neurons, {len(muscles)} muscles; expected 302 and 95")
    neurons.sort(key=lambda i: nodes[i])
    within = np.ix_(neurons, neurons)
    return Connectome(
        [nodes[i] for i in neurons],
        chemical[within],
        gap[within],
        [nodes[i] for i in muscles],
        chemical[np.ix_(neurons, muscles)],
    )


def read_atlas(strain: str = "wt", path: Path | None = None) -> Atlas:
    """The signal propagation atlas, turned so that rows send: its file has the stimulated neuron in columns.

    strain: "wt", or "unc31", a mutant that hardly releases neuropeptides
    path:   an HDF5 file of the package wormneuroatlas; without it, the package's own
    Raises MissingPackage without the package; ValueError for an unknown strain, a damaged file, matrices
    of another shape, or a q outside [0, 1] (NaN means: not measured, and stays).
    """
    import h5py

    if strain not in ("wt", "unc31"):
        raise ValueError(f"strain is {strain!r}, expected 'wt' or 'unc31'")
    path = path or wheel_file(SIGNAL_ATLAS)
    try:
        with h5py.File(path, "r") as file:
            names = [name.decode() for name in file["neuron_ids"][:]]
            raw = {field: file[strain][field][:] for field in ("q", "dFF", "occ1")}
    except (OSError, KeyError) as error:
        raise ValueError(
            f"{path} is no atlas of the package wormneuroatlas, or it is damaged: {error}"
        ) from None
    q, response = (square(raw[field], len(names), field, nan=True).T for field in ("q", "dFF"))
    count = square(raw["occ1"], len(names), "occ1").T
    if np.nanmin(q) < 0 or np.nanmax(q) > 1:
        raise ValueError(f"q lies in [{np.nanmin(q):.3g}, {np.nanmax(q):.3g}], expected within [0, 1]")
    return Atlas(names, q, response, count)


def shared_names(connectome: Connectome, atlas: Atlas) -> list[str]:
    """The neurons that both files name, in the connectome's order: 298.

    The atlas has no CANL and CANR. It calls the two AWC neurons AWCON and AWCOF (for AWCOFF), by what they
    do; the connectome calls them AWCL and AWCR, by their side. Which side is which is chosen by chance in
    every animal, so there is no match, and both are left out.
    """
    known = set(atlas.names)
    return [name for name in connectome.names if name in known]


def generated_worm(seed: int) -> tuple[Connectome, Atlas, Atlas]:
    """A wiring and two atlases that no animal has, for a machine without the packages.

    Planted: layers (sensory, other, command, motor) with hubs, and command neurons that drive either the
    forward or the backward motor neurons. A response has probability 0.03, plus 0.08 where a synapse joins
    the two, in whichever direction, plus 0.12 where a gap junction does, all in proportion to how often the
    pair was observed. The "mutant" was observed half as often.
    """
    rng = np.random.default_rng(seed)
    sides = ["ASH", "ASE", "ASI", "ASJ", "ASK", "AWA", "AWB", "AFD", "BAG", "FLP", "ADL", "PHA", "PHB", "URX"]
    command = ["AVA", "AVB", "AVD", "AVE", "PVC"]
    body = {"AS": 11, "DA": 9, "DB": 7, "DD": 6, "VA": 12, "VB": 11, "VD": 13}
    names = [name + side for name in [*sides, *command, "AIY"] for side in "LR"]
    names += [f"{kind}{i + 1}" for kind, many in body.items() for i in range(many)]
    names += [f"M{i}" for i in range(1, 6)]
    names = sorted(names + [f"XX{i}" for i in range(1, 100)] + [f"XY{i}" for i in range(1, 100)])[:302]
    n, kinds = len(names), [SENSORY, COMMAND, MOTOR]
    layer = np.array(
        [next((k for k, kind in zip((0, 2, 3), kinds, strict=True) if kind.match(x)), 1) for x in names]
    )
    far = np.array([name.startswith("AIY") for name in names])  # from the muscles, as in the animal
    layer[far] = 0
    step = layer[None, :] - layer[:, None]
    hub = np.where(far, 4, rng.lognormal(0, 0.4, n))
    chance = np.outer(hub, hub) * np.array([0.5, 1.0, 1.0, 0.0])[np.clip(step, -1, 2)]
    gait = np.array(
        [1 if re.match("(AVB|PVC|DB|VB)", x) else 2 if re.match("(AV[ADE]|DA|VA)", x) else 0 for x in names]
    )
    drives = (layer[:, None] == 2) & (layer[None] == 3) & (gait[None] > 0)
    chance[drives] = np.where(gait[:, None] == gait[None], 30.0, 0.0)[drives]
    near = np.outer(far, layer >= 2)
    chance[near | near.T] = 0
    np.fill_diagonal(chance, 0)
    chance /= chance.sum()
    strength = np.where(drives, 40, 5)
    chemical = rng.poisson(strength) * (rng.random((n, n)) < np.minimum(chance * 0.035 * n * n, 0.9))
    chemical = np.where(
        chemical.T * (rng.random((n, n)) < 0.3) * ~near.T > 0, np.maximum(chemical, 2), chemical
    )
    half = np.triu(rng.poisson(4, (n, n)) * (rng.random((n, n)) < np.minimum(chance * 0.012 * n * n, 0.9)))
    gap = half + half.T
    muscles = [f"M{side}{i:02d}" for side in ("DL", "DR", "VL", "VR") for i in range(1, 25)][:95]
    to_muscle = rng.poisson(3, (n, 95)) * ((layer == 3)[:, None] & (rng.random((n, 95)) < 0.1))
    connectome = Connectome(
        names, chemical.astype(float), gap.astype(float), muscles, to_muscle.astype(float)
    )
    rate = 0.03 + 0.08 * (chemical + chemical.T > 0) + 0.12 * (gap > 0)
    head = rng.random(n) < 0.7
    atlases = []
    for often in (5.0, 2.5):
        count = rng.poisson(often * rng.gamma(1, 1, n)[:, None], (n, n)) * np.outer(head, head)
        np.fill_diagonal(count, count.max(1) + 1)
        chance = rate * np.minimum(count / often, 4)
        q = np.where(rng.random((n, n)) < chance, 0.01, rng.uniform(0.05, 0.65, (n, n)))
        q[count == 0] = np.nan
        response = np.where(np.isnan(q), np.nan, rng.normal(0.1, 0.1, (n, n)))
        atlases.append(Atlas(names, q, response, count.astype(float)))
    return connectome, *atlases
