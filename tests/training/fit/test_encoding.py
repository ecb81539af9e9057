"""Categories become the same codes in training and in the graph."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort

from training.fit.graph import Graph, tensor
from training.fit.tables.encoding import UNSEEN, Columns, fit_encoding
from training.fit.tables.inputs import Features, InputTensors, label_keys


def columns(codes: list[int], categories: tuple[str, ...] = ("a", "b", "c", "new")) -> Columns:
    numbers = np.zeros((len(codes), 0), np.float32)
    return Columns((), numbers, ("kind",), np.array(codes, np.int32)[:, None], (categories,))


def test_codes_are_in_the_order_of_the_mean_target_and_gaps_have_their_own() -> None:
    given = columns([0] * 6 + [1] * 6 + [2] * 2 + [-1])
    target = np.array([5.0] * 6 + [1.0] * 6 + [9.0] * 2 + [0.0])
    (column,) = fit_encoding(given, target).columns
    assert column.known == ("b", "a")  # "c" is rare
    assert column.lookup.tolist() == [2, 1, UNSEEN, UNSEEN, 3]
    assert column.missing == 3
    assert column.size == 4


def test_a_gap_counts_as_unseen_where_training_saw_none() -> None:
    (column,) = fit_encoding(columns([0] * 6 + [1] * 6), np.arange(12.0)).columns
    assert column.missing == UNSEEN
    assert column.lookup[-1] == UNSEEN


def test_trees_see_a_missing_category_as_nan() -> None:
    given = columns([0] * 6 + [-1])
    encoded = fit_encoding(given, np.zeros(7)).encode(given)
    assert encoded.matrix()[:, 0].tolist()[:6] == [1.0] * 6
    assert np.isnan(encoded.matrix()[6, 0])


def test_categories_of_single_rows_do_not_carry_the_answer() -> None:
    names = tuple(f"id{i}" for i in range(40))
    target = np.random.default_rng(0).integers(0, 2, 40).astype(np.float64)
    given = columns(list(range(40)), (*names, "new"))
    encoding = fit_encoding(given, target)
    assert encoding.columns[0].known == ()
    assert set(encoding.encode(given).matrix()[:, 0]) == {UNSEEN}
    graph, tensors = Graph(), InputTensors(given)
    graph.add("Identity", Features(graph, tensors, given).codes(encoding), output="codes")
    model = graph.model("codes", tensors.values(), [tensor("codes", "INT64", (1,))])
    session = ort.InferenceSession(model.SerializeToString())
    (codes,) = session.run(None, {"kind": np.array(["id1", "", "other"], object)})
    assert codes[:, 0].tolist() == [UNSEEN] * 3


def test_the_graph_gives_every_spelling_its_code() -> None:
    given = columns([0] * 6 + [1] * 5 + [-1])
    encoding = fit_encoding(given, np.arange(12.0))
    graph, tensors = Graph(), InputTensors(given)
    features = Features(graph, tensors, given)
    graph.add("Identity", features.codes(encoding), output="codes")
    graph.add("Identity", features.matrix(encoding), output="matrix")
    model = graph.model(
        "codes", tensors.values(), [tensor("codes", "INT64", (1,)), tensor("matrix", "FP32", (1,))]
    )
    session = ort.InferenceSession(model.SerializeToString())
    gaps = ["", "NA", "?", "n/a", "None", "NaN", "-NaN", "NaT", "<NA>"]
    texts = np.array(["a", " a", "b", *gaps, "zzz", "new"], object)
    codes, matrix = session.run(None, {"kind": texts})
    assert codes[:, 0].tolist() == [1, 1, 2, *[3] * len(gaps), 0, 0]
    expected = [1, 1, 2, *[np.nan] * len(gaps), 0, 0]
    np.testing.assert_array_equal(matrix[:, 0], np.array(expected, np.float32))


def test_a_category_that_begins_with_a_space_keeps_its_own_code() -> None:
    given = columns([0] * 6 + [1] * 6, ("a", " a", "new"))
    (column,) = fit_encoding(given, np.arange(12.0)).columns
    keys, codes = label_keys(column)
    assert dict(zip(keys, codes, strict=True))[" a"] == 2


def test_booleans_are_known_in_any_case_and_other_categories_are_not() -> None:
    halves, target = [0] * 6 + [1] * 6, np.arange(12.0)
    (yes,) = fit_encoding(columns(halves, ("no", "yes", "new")), target).columns
    keys = dict(zip(*label_keys(yes), strict=True))
    assert keys["YES"] == keys["Yes"] == keys["yes"] == 2
    (town,) = fit_encoding(
        columns([0] * 6 + [1] * 6, ("ulm", "bern", "new")), np.arange(12.0)
    ).columns
    assert "ULM" not in dict(zip(*label_keys(town), strict=True))
