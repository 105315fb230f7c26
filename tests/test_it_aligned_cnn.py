"""The lab's own attacks against an attack library's on the same network, and the modules that it uses."""

import math

import pytest
import torch
from torch.nn.functional import conv2d, cross_entropy

from utils import attacks, hub_resnet
from utils.cluttered_digits import SPLIT, cluttered_digits
from utils.definitions import definitions
from utils.models import MissingModel

lab = definitions("brain_alignment/it_aligned_cnn")
EPS = 0.04
ART = pytest.importorskip("art.attacks.evasion")


def new_weights(m, seed=0, c1=8, c2=16, hidden=32):
    generator = torch.Generator().manual_seed(seed)
    shapes = [(c1, 1, 5, 5), (c2, c1, 3, 3), (16 * c2, hidden), (hidden, 10)]
    weights = []
    for shape, fan, out in zip(shapes, (25, 9 * c1, 16 * c2, 4 * hidden), (c1, c2, hidden, 10), strict=True):
        weights += [torch.randn(m, *shape, generator=generator) * math.sqrt(2 / fan)]
        weights += [0.1 * torch.randn(m, out, generator=generator)]
    return weights


@pytest.fixture(scope="module")
def trained():
    """Two trained networks, and pictures that they were not trained on: weights, x, labels (2, n)."""
    task = cluttered_digits(0)
    generator = torch.Generator().manual_seed(1)

    def losses(weights, step):
        i = torch.randint(len(task.train.labels), (2, 48), generator=generator)
        logits, _ = lab.forward(weights, task.train.images[i])
        return lab.task_loss(logits, task.train.labels[i]).mean(-1)

    weights = lab.fit(new_weights(2), losses, 200)
    x, labels = task.test.images[:150], task.test.labels[:150]
    return weights, x.expand(2, -1, -1, -1, -1), labels.expand(2, -1)


def accuracy(weights, x, labels):
    return lab.right(weights, x, labels).float().mean(-1)


def one(weights, k=0):
    own = [w[k : k + 1] for w in weights]
    return lambda x: lab.forward(own, x[None])[0][0]


def test_a_batch_of_networks_computes_what_each_computes_alone():
    weights = new_weights(3)
    x = torch.rand(3, 5, 1, 16, 16, generator=torch.Generator().manual_seed(2))
    logits, hidden = lab.forward(weights, x)
    for k in range(3):
        W1, b1, W2, b2, W3, b3, W4, b4 = (w[k] for w in weights)
        maps = conv2d(2 * x[k] - 1, W1, b1, stride=2, padding=2).relu()
        maps = conv2d(maps, W2, b2, stride=2, padding=1).relu()
        layer = (maps.flatten(1) @ W3 + b3).relu()
        torch.testing.assert_close(hidden[k], layer, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(logits[k], layer @ W4 + b4, rtol=1e-4, atol=1e-5)


def test_the_loss_and_the_margin_are_those_of_each_picture():
    logits, labels = torch.randn(2, 7, 10), torch.randint(10, (2, 7))
    for k in range(2):
        want = cross_entropy(logits[k], labels[k], reduction="none")
        torch.testing.assert_close(lab.task_loss(logits, labels)[k], want)
        wrong = logits[k].argmax(-1) != labels[k]
        assert ((lab.margin(logits, labels)[k] > 0) == wrong).all()


@pytest.mark.parametrize("attack", ["pgd", "square"])
def test_an_attack_stays_in_its_box_and_in_the_picture(trained, attack):
    weights, x, labels = trained
    generator = torch.Generator().manual_seed(3)
    if attack == "pgd":
        moved = lab.pgd(weights, x, labels, EPS, 5, generator)
        assert torch.equal(lab.pgd(weights, x, labels, 0.0, 3, generator), x)
    else:
        moved = lab.square_attack(weights, x, labels, EPS, 20, generator)
    assert float((moved - x).abs().max()) <= EPS + 1e-6
    assert float(moved.min()) >= 0
    assert float(moved.max()) <= 1
    assert (accuracy(weights, moved, labels) < accuracy(weights, x, labels)).all()


def test_a_half_width_for_each_network_is_kept_by_each(trained):
    weights, x, labels = trained
    moved = lab.pgd(weights, x, labels, torch.tensor([0.0, 0.1]), 3, torch.Generator().manual_seed(4))
    assert torch.equal(moved[0], x[0])
    assert 0.05 < float((moved[1] - x[1]).abs().max()) <= 0.1 + 1e-6


def test_our_pgd_is_as_strong_as_the_librarys(trained):
    weights, x, labels = trained
    ours = accuracy(weights, lab.pgd(weights, x, labels, EPS, 20, torch.Generator().manual_seed(5)), labels)
    for k in range(2):
        wrapped = attacks.classifier(one(weights, k), (1, 16, 16), 10)
        theirs = ART.ProjectedGradientDescent(
            wrapped, eps=EPS, eps_step=2.5 * EPS / 20, max_iter=20, num_random_init=1, verbose=False
        ).generate(x[k].numpy(), labels[k].numpy())
        got = (one(weights, k)(torch.tensor(theirs)).argmax(-1) == labels[k]).float().mean()
        assert abs(float(ours[k] - got)) <= 0.02


def test_the_librarys_stronger_attacks_find_little_more_than_ours_together(trained):
    weights, x, labels = trained
    generator = torch.Generator().manual_seed(6)
    survived = torch.stack(
        [
            lab.right(weights, lab.pgd(weights, x, labels, EPS, 50, generator), labels),
            lab.right(weights, lab.pgd(weights, x, labels, EPS, 50, generator, lab.margin), labels),
        ]
    ).all(0)
    wrapped = attacks.classifier(one(weights), (1, 16, 16), 10)
    for loss in ("cross_entropy", "difference_logits_ratio"):
        attack = ART.AutoProjectedGradientDescent(
            wrapped, eps=EPS, eps_step=EPS / 4, max_iter=50, nb_random_init=1, loss_type=loss, verbose=False
        )
        moved = torch.tensor(attack.generate(x[0].numpy(), labels[0].numpy()))
        theirs = (one(weights)(moved).argmax(-1) == labels[0]).float().mean()
        assert float(survived[0].float().mean() - theirs) <= 0.02


def test_masked_gradients_stop_pgd_and_not_the_margin(trained):
    weights, x, labels = trained
    masked = [*weights[:-2], 1000 * weights[-2], 1000 * weights[-1]]
    assert torch.equal(lab.right(masked, x, labels), lab.right(weights, x, labels))

    def after(networks, loss):
        moved = lab.pgd(networks, x, labels, EPS, 20, torch.Generator().manual_seed(7), loss)
        return accuracy(networks, moved, labels)

    assert (after(masked, lab.task_loss) > after(weights, lab.task_loss) + 0.2).all()
    torch.testing.assert_close(after(masked, lab.margin), after(weights, lab.margin), atol=0.02, rtol=0)


def test_more_queries_never_help_the_network(trained):
    weights, x, labels = trained
    few, many = (
        lab.square_attack(weights, x, labels, EPS, n, torch.Generator().manual_seed(8)) for n in (0, 100)
    )
    assert (accuracy(weights, many, labels) < accuracy(weights, few, labels)).all()


def test_autoattack_agrees_with_what_is_known_of_a_linear_network():
    """argmax_k w_k·x keeps its answer in a box iff every margin exceeds ε |w_y - w_k|₁."""
    generator = torch.Generator().manual_seed(9)
    w = torch.randn(10, 256, generator=generator)
    x = 0.3 + 0.4 * torch.rand(40, 1, 16, 16, generator=generator)  # the box never meets 0 or 1
    logits = x.flatten(1) @ w.T
    labels = logits.argmax(-1)
    eps = 0.005
    gaps = logits.gather(1, labels[:, None]) - logits
    reach = eps * (w[labels][:, None] - w).abs().sum(-1)
    own = torch.nn.functional.one_hot(labels, 10).bool()
    exact = ((gaps > reach) | own).all(-1).float().mean()
    assert 0.1 < float(exact) < 0.9
    found = attacks.autoattack(lambda x: x.flatten(1) @ w.T, x, labels, eps, 10)
    assert abs(found - float(exact)) < 0.03
    with pytest.raises(ValueError, match="outside"):
        attacks.autoattack(lambda x: x, 2 + x, labels, eps, 10)


def test_the_task_has_three_sets_without_a_common_digit():
    task = cluttered_digits(3, copies=2, contrast=0.0)  # without a background equal ink means equal digits
    sizes = [len(part.labels) for part in task]
    assert sizes == [2 * SPLIT[0], *SPLIT[1:]]
    for part in task:
        assert part.images.shape[1:] == (1, 16, 16)
        assert 0 <= float(part.images.min()) <= float(part.images.max()) <= 1
        assert set(part.labels.tolist()) == set(range(10))
    assert sum(SPLIT) == 1797
    n = SPLIT[0]
    assert torch.equal(task.train.labels[:n], task.train.labels[n:])
    ink = [part.images.sum((1, 2, 3)) for part in task]
    torch.testing.assert_close(ink[0][:n], ink[0][n:], rtol=1e-4, atol=1e-3)
    shared = (ink[2][:, None] - ink[0][None, :n]).abs().min(1).values < 1e-4
    assert float(shared.float().mean()) < 0.05


def test_the_task_depends_on_its_seed_alone_and_refuses_bad_input():
    first, again, other = cluttered_digits(1), cluttered_digits(1), cluttered_digits(2)
    assert torch.equal(first.test.images, again.test.images)
    assert not torch.equal(first.test.images, other.test.images)
    for bad in ({"copies": 0}, {"copies": 1.5}, {"contrast": 1.5}, {"contrast": float("nan")}):
        with pytest.raises(ValueError, match="expected"):
            cluttered_digits(0, **bad)


def test_a_resnet_from_a_folder_gives_logits_and_the_layer_before_them(tmp_path):
    from transformers import ResNetConfig, ResNetForImageClassification

    sizes = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "num_labels": 7}
    config = ResNetConfig(layer_type="basic", **sizes)
    ResNetForImageClassification(config).save_pretrained(tmp_path)
    model = hub_resnet.load_resnet(str(tmp_path))
    x = hub_resnet.crops(4, 32, torch.Generator().manual_seed(0))
    assert x.shape == (4, 3, 32, 32)
    assert 0 <= float(x.min()) < float(x.max()) <= 1
    logits, last = model.both(x)
    assert (logits.shape, last.shape) == ((4, 7), (4, 16))
    inputs = (x - model.mean) / model.std
    torch.testing.assert_close(logits, model.model(pixel_values=inputs).logits)
    torch.testing.assert_close(model(x[:1]), logits[:1], rtol=1e-4, atol=1e-5)  # no statistics of the batch
    with pytest.raises(MissingModel):
        hub_resnet.load_resnet(str(tmp_path / "nothing"))
