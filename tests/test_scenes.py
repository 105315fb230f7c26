"""Pictures of scenes: against areas, a slow loop, symmetries that hold exactly, and bad input."""

import math

import pytest
import torch

from utils.scenes import (
    BLUE,
    GREEN,
    QUESTIONS,
    SHAPES,
    Objects,
    coverage,
    draw,
    further,
    mirror,
    overlay,
    pendulums,
    random_objects,
    swap_colours,
    turn,
)


def objects(centre, angle, half, radius):
    return Objects(
        torch.tensor([centre]), torch.tensor([angle]), torch.tensor([half]), torch.tensor([radius])
    )


DISC = objects((0.1, -0.2), 0.0, (0.0, 0.0), 0.4)
SQUARE = objects((0.0, 0.1), 0.5, (0.3, 0.3), 0.0)
ROD = objects((-0.1, 0.0), 1.0, (0.5, 0.0), 0.08)
AREAS = [(DISC, math.pi * 0.4**2), (SQUARE, 0.6**2), (ROD, 2 * 0.5 * 0.16 + math.pi * 0.08**2)]


@pytest.mark.parametrize(("shape", "area"), AREAS, ids=SHAPES)
def test_the_covered_area_and_its_centre_are_those_of_the_shape(shape, area):
    size = 64
    share = coverage(shape, size)[0].double()
    assert float(share.sum()) * (2 / size) ** 2 == pytest.approx(area, rel=0.01)
    line = (torch.arange(size) + 0.5) * 2 / size - 1
    x, y = (share * line).sum() / share.sum(), (share * -line[:, None]).sum() / share.sum()
    assert torch.stack([x, y]).tolist() == pytest.approx(shape.centre[0].tolist(), abs=0.005)


@pytest.mark.parametrize(("shape", "area"), AREAS, ids=SHAPES)
def test_smooth_drawing_is_a_fine_drawing_averaged(shape, area):
    fine = (coverage(shape, 32 * 16) > 0.5).float()
    averaged = fine.unflatten(1, (32, 16)).unflatten(3, (32, 16)).mean((2, 4))
    error = coverage(shape, 32) - averaged
    assert float(error.abs().max()) < 0.3  # distance alone does not know a corner
    assert float(error.abs().mean()) < 0.01


def test_many_at_once_equal_one_at_a_time():
    generator = torch.Generator().manual_seed(0)
    many, _ = random_objects(20, generator)
    together = coverage(many, 24)
    for i in range(20):
        torch.testing.assert_close(coverage(Objects(*(part[i : i + 1] for part in many)), 24)[0], together[i])


def test_a_pixel_has_the_colour_of_what_covers_it():
    apart = draw(objects((-0.5, 0.0), 0.0, (0.2, 0.2), 0.0), objects((0.5, 0.0), 0.0, (0.2, 0.2), 0.0), 16)
    assert apart[0, :, 8, 4].tolist() == pytest.approx(list(GREEN))
    assert apart[0, :, 8, 12].tolist() == pytest.approx(list(BLUE))
    assert apart[0, :, 0, 0].tolist() == [1, 1, 1]
    over = draw(SQUARE, SQUARE, 16)
    both = [g * b for g, b in zip(GREEN, BLUE, strict=True)]
    assert over[0, :, 7, 8].tolist() == pytest.approx(both)


THETA = torch.linspace(-3, 3, 12)


def test_swapping_colours_is_drawing_the_other_way_round():
    torch.testing.assert_close(swap_colours(overlay(THETA, THETA.flip(0))), overlay(THETA.flip(0), THETA))
    generator = torch.Generator().manual_seed(1)
    (green, _), (blue, _) = random_objects(9, generator), random_objects(9, generator)
    torch.testing.assert_close(swap_colours(draw(green, blue, 20)), draw(blue, green, 20))


def test_a_mirror_turns_the_angles_round():
    images = mirror(overlay(THETA, THETA.flip(0)))
    torch.testing.assert_close(images, overlay(-THETA, -THETA.flip(0)), atol=1e-5, rtol=0)


def test_turning_a_picture_takes_its_angle_from_every_pendulum():
    for angle in (0.3, -1.0, math.pi / 2):
        turned = turn(overlay(THETA, THETA.flip(0), 96), angle)
        wanted = overlay(THETA - angle, THETA.flip(0) - angle, 96)
        assert (turned - wanted).abs().mean() < 0.004
        assert (turned - overlay(THETA + angle, THETA.flip(0) + angle, 96)).abs().mean() > 0.02
    images = overlay(THETA, THETA.flip(0))
    torch.testing.assert_close(turn(images, 0.0), images, atol=1e-5, rtol=0)
    torch.testing.assert_close(turn(images, math.pi), images.flip(-1, -2), atol=1e-4, rtol=0)
    torch.testing.assert_close(turn(images.unflatten(0, (3, 4)), 0.4).flatten(0, 1), turn(images, 0.4))
    torch.testing.assert_close(turn(images[0], 0.4), turn(images, 0.4)[0])


def test_pendulums_point_where_gymnasium_draws_them():
    """Up at θ = 0, and to the left at θ = π/2: Gymnasium turns the rod by θ + π/2 from the x axis."""
    image = overlay(torch.tensor([0.0]), torch.tensor([math.pi / 2]), 33)[0]
    green, blue = (1 - image[1] > 0.3) & (image[1] > image[2]), (1 - image[2] > 0.3) & (image[2] > image[1])
    rows, columns = green.nonzero().T
    assert rows.max() <= 17
    assert set(columns.tolist()) <= {15, 16, 17}
    rows, columns = blue.nonzero().T
    assert columns.max() <= 17
    assert set(rows.tolist()) <= {15, 16, 17}


def test_the_higher_pendulum_is_the_one_with_the_larger_cosine():
    generator = torch.Generator().manual_seed(2)
    green, blue = 2 * torch.pi * torch.rand(2, 500, generator=generator)
    for question, sign in (("higher", 1), ("lower", -1)):
        gap = further(pendulums(green), pendulums(blue), question)
        assert ((gap > 0) == (sign * (blue.cos() - green.cos()) > 0)).all()
    left = further(pendulums(green), pendulums(blue), "left")
    assert ((left > 0) == (blue.sin() > green.sin())).all()
    torch.testing.assert_close(left, -further(pendulums(green), pendulums(blue), "right"))


def test_random_scenes_hold_all_shapes_and_every_answer():
    generator = torch.Generator().manual_seed(3)
    green, kind = random_objects(3000, generator)
    blue, _ = random_objects(3000, generator)
    assert (torch.bincount(kind) / 3000).tolist() == pytest.approx([1 / 3] * 3, abs=0.04)
    for question in QUESTIONS:
        assert (further(green, blue, question) > 0).float().mean() == pytest.approx(0.5, abs=0.04)
    images = draw(green, blue, 16)
    assert images.min() >= 0
    assert images.max() <= 1
    again, _ = random_objects(3000, torch.Generator().manual_seed(3))
    assert again.centre.equal(green.centre)


NAN = DISC._replace(radius=torch.tensor([torch.nan]))
SHORT = DISC._replace(radius=torch.tensor([0.1, 0.1]))
BAD = [
    (lambda: coverage(DISC, 4), "size is 4"),
    (lambda: coverage(NAN, 16), "radius holds NaN"),
    (lambda: coverage(SHORT, 16), r"radius has shape \(2,\)"),
    (lambda: coverage(DISC._replace(centre=torch.zeros(1, 3)), 16), "centre has shape"),
    (lambda: draw(DISC, pendulums(THETA), 16), "green holds 1 objects and blue 12"),
    (lambda: further(DISC, DISC, "nearer"), "question is 'nearer'"),
]


@pytest.mark.parametrize(("wrong", "message"), BAD)
def test_bad_input_names_the_argument(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
