"""Metrics and alignment against published and hand-computed values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from genvr_depth.nodes.depthkit.errors import InvalidInput
from genvr_depth.nodes.depthkit.maps.align import align_depth_to, fit_affine, fit_affine_robust
from genvr_depth.nodes.depthkit.measure.metrics import (
    boundary_f1,
    control_rmse,
    depth_scores,
    spearman,
)

NYU = Path(__file__).resolve().parents[3] / "shared" / "data" / "nyu_fastdepth"


@pytest.fixture(scope="module")
def nyu():
    if not NYU.is_dir():
        pytest.skip("the NYUv2 sample is not beside the project")
    load = [torch.from_numpy(np.load(NYU / name)).squeeze() for name in ("pred.npy", "depth.npy")]
    return load[0], load[1]


def test_a_real_networks_prediction_scores_as_published(nyu):
    scores = depth_scores(*nyu)
    assert scores.abs_rel == pytest.approx(0.14050, abs=5e-6)
    assert scores.sq_rel == pytest.approx(0.09867, abs=5e-6)
    assert scores.rmse == pytest.approx(0.61800, abs=5e-6)
    assert scores.rmse_log == pytest.approx(0.19307, abs=5e-6)
    assert scores.log10 == pytest.approx(0.06205, abs=5e-6)
    assert scores.delta1 == pytest.approx(0.77726, abs=5e-6)
    assert scores.delta2 == pytest.approx(0.96472, abs=5e-6)
    assert scores.delta3 == pytest.approx(0.99962, abs=5e-6)
    assert scores.silog == pytest.approx(0.19090, abs=5e-6)
    assert scores.silog_full == pytest.approx(0.18871, abs=5e-6)


def test_affine_alignment_improves_it_to_the_published_values(nyu):
    prediction, truth = nyu
    fit = fit_affine(prediction, truth)
    assert (fit.scale, fit.shift) == pytest.approx((1.29090, -0.56144), abs=5e-6)
    scores = depth_scores(fit(prediction), truth)
    assert scores.abs_rel == pytest.approx(0.11173, abs=5e-6)
    assert scores.delta1 == pytest.approx(0.82292, abs=5e-6)


def test_scores_of_a_hand_computed_pair():
    scores = depth_scores(torch.tensor([1.0, 3.0]), torch.tensor([2.0, 2.0]))
    assert scores.abs_rel == pytest.approx(0.5)
    assert scores.sq_rel == pytest.approx(0.5)
    assert scores.rmse == pytest.approx(1.0)
    assert scores.delta1 == 0
    assert scores.delta2 == pytest.approx(0.5)
    d = np.log([0.5, 1.5])
    assert scores.silog == pytest.approx(np.sqrt((d**2).mean() - 0.5 * d.mean() ** 2))


def test_a_perfect_prediction_is_perfect():
    truth = torch.rand(16, 16) + 0.5
    scores = depth_scores(truth, truth)
    assert (scores.abs_rel, scores.rmse, scores.delta1) == (0, 0, 1)
    assert boundary_f1(truth, truth) == 1
    assert spearman(truth, truth) == pytest.approx(1)


def test_only_valid_pixels_count():
    truth, valid = torch.tensor([1.0, 1.0]), torch.tensor([True, False])
    assert depth_scores(torch.tensor([1.0, 9.0]), truth, valid).abs_rel == 0
    with pytest.raises(InvalidInput, match="no valid pixel"):
        depth_scores(truth, truth, torch.tensor([False, False]))


def test_robust_alignment_ignores_a_wrong_object():
    truth = torch.linspace(1, 5, 400)
    prediction = (truth - 0.7) / 2
    prediction[:60] += 4
    fit = fit_affine_robust(prediction, truth)
    assert (fit.scale, fit.shift) == pytest.approx((2, 0.7), abs=0.02)
    assert abs(fit_affine(prediction, truth).scale - 2) > 0.2


def test_disparity_alignment_recovers_depth_exactly():
    truth = torch.rand(8, 8) * 4 + 1
    aligned = align_depth_to(
        5 / truth + 3, truth, torch.ones(8, 8, dtype=torch.bool), space="disparity"
    )
    assert torch.allclose(aligned, truth, rtol=1e-4)


def test_a_flat_prediction_aligns_to_the_mean_and_does_not_crash():
    fit = fit_affine(torch.full((9,), 3.0), torch.arange(9.0))
    assert (fit.scale, fit.shift) == (0, 4)


def test_boundary_f1_counts_a_step_only_where_it_is():
    truth = torch.ones(8, 8)
    truth[:, 4:] = 2
    moved = torch.ones(8, 8)
    moved[:, 5:] = 2
    assert boundary_f1(truth, truth) == 1
    assert boundary_f1(moved, truth) == 0
    assert boundary_f1(torch.ones(8, 8), torch.ones(8, 8)) == 1


def test_boundary_f1_does_not_depend_on_scale():
    truth = torch.rand(16, 16) + 0.5
    other = torch.rand(16, 16) + 0.5
    assert boundary_f1(other * 7, truth) == pytest.approx(boundary_f1(other, truth))


def test_control_rmse_is_on_the_255_scale():
    control = torch.zeros(1, 4, 4)
    assert control_rmse(control + 10 / 255, control) == pytest.approx(10)
    with pytest.raises(InvalidInput, match="different shapes"):
        control_rmse(torch.zeros(2, 2), torch.zeros(3, 3))


def test_rank_correlation_sees_order_only():
    a = torch.rand(100)
    assert spearman(a, a.exp()) == pytest.approx(1)
    assert spearman(a, -a) == pytest.approx(-1)
    assert spearman(a, torch.ones(100)) == 0
