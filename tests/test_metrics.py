"""utils.metrics against sae-lens on the same weights and activations, naive loops, and what must fail."""

from types import SimpleNamespace

import pytest
import torch
from sae_lens.evals import get_sparsity_and_variance_metrics
from sae_lens.saes.standard_sae import StandardSAE, StandardSAEConfig
from sae_lens.saes.topk_sae import TopKSAE, TopKSAEConfig
from sae_lens.synthetic import ActivationGenerator, FeatureDictionary
from sae_lens.synthetic.evals import eval_sae_on_synthetic_data
from sae_lens.training.activation_scaler import ActivationScaler

from utils.metrics import VARIANTS, dead_latents, explained_variance, fvu, l0, mmcs

D_IN, D_SAE, POSITIONS = 12, 40, 16
HOOK = "blocks.0.hook_resid_post"


class OneLayer:
    """The least of a TransformerLens model that sae-lens's evaluation asks for: a look-up of activations."""

    def __init__(self, activations):
        self.activations = activations

    def run_with_cache(self, tokens, **_):
        return None, {HOOK: self.activations[tokens]}


def sae_lens_sae(kind):
    torch.manual_seed(0)
    common = {"d_in": D_IN, "d_sae": D_SAE}
    sae = (
        TopKSAE(TopKSAEConfig(**common, k=5)) if kind == "topk" else StandardSAE(StandardSAEConfig(**common))
    )
    sae.cfg.metadata.hook_name = HOOK
    with torch.no_grad():
        # An offset makes the four formulas for explained variance differ.
        sae.b_dec += torch.randn(D_IN)
        sae.b_enc -= 0.5
    return sae


def sae_lens_metrics(sae, activations):
    """sae-lens's own evaluation of `sae` on (tokens, d_in) activations."""
    tokens = torch.arange(len(activations)).reshape(-1, POSITIONS)
    store = SimpleNamespace(get_batch_tokens=lambda _: tokens)
    wanted = dict.fromkeys(
        ["compute_l2_norms", "compute_sparsity_metrics", "compute_variance_metrics"], True
    ) | {"compute_featurewise_density_statistics": True}
    scalars, by_latent = get_sparsity_and_variance_metrics(
        sae,
        OneLayer(activations),
        store,
        ActivationScaler(),
        1,
        eval_batch_size_prompts=0,
        model_kwargs={},
        **wanted,
    )
    return scalars, by_latent


@pytest.fixture(params=["standard", "topk"])
def case(request):
    sae = sae_lens_sae(request.param)
    x = torch.randn(64 * POSITIONS, D_IN, generator=torch.Generator().manual_seed(1)) + 0.7
    with torch.no_grad():
        latents = sae.encode(x)
        return sae, x, latents, sae.decode(latents)


def test_equal_to_sae_lens_on_the_same_weights_and_activations(case):
    sae, x, latents, x_hat = case
    theirs, by_latent = sae_lens_metrics(sae, x)
    close = {"rel": 1e-5, "abs": 1e-5}
    assert float(explained_variance(x, x_hat)) == pytest.approx(theirs["explained_variance"], **close)
    assert float(fvu(x, x_hat)) == pytest.approx(1 - theirs["explained_variance"], **close)
    assert float(fvu(x, x_hat, "mean_of_ratios")) == pytest.approx(
        1 - theirs["explained_variance_legacy"], **close
    )
    assert float(l0(latents)) == pytest.approx(theirs["l0"], **close)
    # Their mse is a sum over d_in and a mean over tokens: FVU times the total variance of x.
    variance = (x - x.mean(0)).square().sum(1).mean()
    assert float(fvu(x, x_hat) * variance) == pytest.approx(theirs["mse"], **close)
    assert float(fvu(x, x_hat, "uncentred") * x.square().sum(1).mean()) == pytest.approx(
        theirs["mse"], **close
    )
    assert dead_latents(latents).tolist() == [density == 0 for density in by_latent["feature_density"]]


def test_equal_to_sae_lens_on_its_synthetic_world():
    sae = sae_lens_sae("topk")
    world = FeatureDictionary(30, D_IN, initializer=None, seed=2)
    source = ActivationGenerator(30, 0.08)
    torch.manual_seed(3)
    theirs = eval_sae_on_synthetic_data(sae, world, source, num_samples=2000)
    torch.manual_seed(3)
    with torch.no_grad():
        x = world(source.sample(2000))
        latents = sae.encode(x)
        assert float(explained_variance(x, sae.decode(latents))) == pytest.approx(
            theirs.explained_variance, abs=1e-5
        )
        assert float(l0(latents)) == pytest.approx(theirs.sae_l0, abs=1e-5)
        assert int(dead_latents(latents).sum()) == theirs.dead_latents


def test_sae_lens_mcc_is_another_quantity_than_mmcs():
    """Their MCC matches one to one and drops the sign, MMCS does neither; both are 1 for a permutation."""
    from sae_lens.synthetic.evals import mean_correlation_coefficient

    features = torch.randn(10, D_IN, generator=torch.Generator().manual_seed(4))
    shuffled = features[torch.randperm(10, generator=torch.Generator().manual_seed(5))]
    assert mean_correlation_coefficient(shuffled, features) == pytest.approx(1, abs=1e-5)
    assert float(mmcs(shuffled, features).recall) == pytest.approx(1, abs=1e-5)
    assert mean_correlation_coefficient(-shuffled, features) == pytest.approx(1, abs=1e-5)
    assert float(mmcs(-shuffled, features).recall) < 0.9
    repeated = features[:1].repeat(10, 1)
    assert float(mmcs(repeated, features).precision) == pytest.approx(1, abs=1e-5)
    assert mean_correlation_coefficient(repeated, features) < 0.7


def test_centred_residual_is_dictionary_learnings_formula_and_forgives_an_offset():
    x = torch.randn(500, D_IN, generator=torch.Generator().manual_seed(6))
    x_hat = 0.8 * x
    theirs = 1 - torch.var(x - x_hat, dim=0).sum() / torch.var(x, dim=0).sum()
    assert float(explained_variance(x, x_hat, "centred_residual")) == pytest.approx(float(theirs), abs=1e-5)
    assert float(fvu(x, x_hat + 3, "centred_residual")) == pytest.approx(0.04, abs=1e-5)
    assert float(fvu(x, x_hat + 3)) > 5


def test_the_variants_order_as_their_formulas_say():
    x = torch.randn(400, D_IN, generator=torch.Generator().manual_seed(7)) + 2
    x_hat = x + 0.3 * torch.randn(400, D_IN, generator=torch.Generator().manual_seed(8))
    value = {variant: float(fvu(x, x_hat, variant)) for variant in VARIANTS}
    assert value["uncentred"] < value["centred_residual"] <= value["ratio_of_sums"] < value["mean_of_ratios"]


def test_limits_of_fvu():
    x = torch.randn(300, D_IN, generator=torch.Generator().manual_seed(9)) + 1
    assert float(fvu(x, x)) == 0
    assert float(fvu(x, x.mean(0).expand_as(x))) == pytest.approx(1, abs=1e-6)
    assert float(fvu(x, torch.zeros_like(x), "uncentred")) == pytest.approx(1, abs=1e-6)
    assert float(fvu(x + 1e4, x + 1e4 + 1)) == pytest.approx(float(fvu(x, x + 1)), rel=1e-3)


def test_an_instance_axis_equals_one_at_a_time():
    generator = torch.Generator().manual_seed(10)
    x, x_hat = torch.randn(2, 3, 4, 50, D_IN, generator=generator)
    latents = torch.randn(3, 4, 50, 30, generator=generator).relu() * (
        torch.rand(3, 4, 1, 30, generator=generator) > 0.3
    )
    W_dec, features = (
        torch.randn(3, 4, 30, D_IN, generator=generator),
        torch.randn(3, 4, 9, D_IN, generator=generator),
    )
    for i in range(3):
        for j in range(4):
            for variant in VARIANTS:
                torch.testing.assert_close(fvu(x, x_hat, variant)[i, j], fvu(x[i, j], x_hat[i, j], variant))
            torch.testing.assert_close(l0(latents)[i, j], l0(latents[i, j]))
            assert dead_latents(latents)[i, j].equal(dead_latents(latents[i, j]))
            torch.testing.assert_close(
                mmcs(W_dec, features).recall[i, j], mmcs(W_dec[i, j], features[i, j]).recall
            )
    # One world for all instances broadcasts.
    torch.testing.assert_close(
        mmcs(W_dec, features[0, 0]).recall[0, 0], mmcs(W_dec[0, 0], features[0, 0]).recall
    )
    torch.testing.assert_close(fvu(x[0, 0], x_hat)[0, 0], fvu(x[0, 0], x_hat[0, 0]))


def test_mmcs_equals_a_loop_in_both_directions():
    generator = torch.Generator().manual_seed(11)
    W_dec, features = torch.randn(7, D_IN, generator=generator), torch.randn(5, D_IN, generator=generator)

    def best(row, others):
        return max(float(row @ other / (row.norm() * other.norm())) for other in others)

    both = mmcs(W_dec, features)
    assert float(both.precision) == pytest.approx(sum(best(row, features) for row in W_dec) / 7, abs=1e-5)
    assert float(both.recall) == pytest.approx(sum(best(row, W_dec) for row in features) / 5, abs=1e-5)


def test_mmcs_finds_a_planted_half():
    """Four of eight orthogonal features as atoms: precision 1, recall ½."""
    features = torch.eye(8)
    both = mmcs(features[:4], features)
    assert (float(both.precision), float(both.recall)) == (1.0, 0.5)


def test_dead_latents_combine_over_batches():
    latents = torch.tensor([[1.0, 0, 0], [0, 2, 0]])
    assert dead_latents(latents).tolist() == [False, False, True]
    assert (dead_latents(latents[:1]) & dead_latents(latents[1:])).equal(dead_latents(latents))


GOOD = torch.ones(4, 3) * torch.arange(4.0)[:, None]
NAN = torch.full((4, 3), torch.nan)
BAD = [
    (lambda: fvu(NAN, GOOD), "x holds 12 values that are NaN"),
    (lambda: fvu(GOOD, NAN), "x_hat holds 12 values"),
    (lambda: fvu(GOOD, GOOD[:3]), "x_hat has shape"),
    (lambda: fvu(GOOD, GOOD[:, :2]), "x_hat has shape"),
    (lambda: fvu(GOOD[0], GOOD[0]), "x has shape"),
    (lambda: fvu(GOOD[:0], GOOD[:0]), "x has shape .* not empty"),
    (lambda: fvu(torch.ones(4, 3), GOOD), "x does not vary"),
    (lambda: fvu(GOOD, GOOD, "r2"), "variant is 'r2'"),
    (lambda: fvu(GOOD.long(), GOOD), "x is torch.int64"),
    (lambda: fvu([[1.0]], GOOD), "x is list"),
    (lambda: explained_variance(GOOD, NAN), "x_hat holds"),
    (lambda: l0(NAN), "latents holds"),
    (lambda: l0(GOOD[0]), "latents has shape"),
    (lambda: l0(GOOD[:0]), "latents has shape"),
    (lambda: dead_latents(NAN), "latents holds"),
    (lambda: dead_latents(GOOD[:0]), "latents has shape"),
    (lambda: mmcs(NAN, GOOD[1:]), "W_dec holds"),
    (lambda: mmcs(GOOD[1:], NAN), "features holds"),
    (lambda: mmcs(GOOD[1:], GOOD[1:, :2]), "features has shape .* d_in = 3"),
    (lambda: mmcs(GOOD[:0], GOOD[1:]), "W_dec has shape"),
    (lambda: mmcs(GOOD, GOOD[1:]), "W_dec has a row of norm zero"),
    (lambda: mmcs(GOOD[1:], GOOD), "features has a row of norm zero"),
]


@pytest.mark.parametrize(("wrong", "message"), BAD)
def test_bad_input_names_the_argument(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
