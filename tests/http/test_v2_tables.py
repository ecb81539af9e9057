"""Models of several inputs over the protocol, spoken by Triton's own client, unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.repositories import other_model, regression_model, table_model
from tests.server import serve

AGE = np.array([[25], [70], [np.nan]], np.float32)
INCOME = np.array([[500], [np.nan], [6000]], np.float32)
TOWN = np.array([["Oslo"], ["Bergen"], ["Ås, 日本"]], object)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = tmp_path_factory.mktemp("models")
    table_model(root)
    regression_model(root)
    other_model(root)
    with serve(ROSENBLATT_MODELS_DIR=str(root), ROSENBLATT_DEFAULT_MODEL="loans") as server:
        client = triton.InferenceServerClient(server.url.removeprefix("http://"))
        yield client
        client.close()


def tensor(name: str, datatype: str, array: Any, binary: bool) -> Any:
    found = triton.InferInput(name, list(array.shape), datatype)
    found.set_data_from_numpy(array, binary_data=binary)
    return found


def loans(binary: tuple[bool, bool, bool]) -> list[Any]:
    """The columns in another order than the model's."""
    # JSON has no NaN: a missing number can only be sent in binary.
    age = AGE if binary[0] else np.nan_to_num(AGE, nan=40)
    income = INCOME if binary[1] else np.nan_to_num(INCOME, nan=1000)
    return [
        tensor("town", "BYTES", TOWN, binary[2]),
        tensor("age", "FP32", age, binary[0]),
        tensor("income", "FP32", income, binary[1]),
    ]


def texts(array: Any) -> list[str]:
    return [t.decode() if isinstance(t, bytes) else t for t in array.ravel().tolist()]


@pytest.mark.parametrize("numbers", [True, False])
@pytest.mark.parametrize("town", [True, False])
@pytest.mark.parametrize("back", [True, False])
def test_columns_of_numbers_and_text(client: Any, numbers: bool, town: bool, back: bool) -> None:
    """Binary, JSON or both; the model fills what is missing with 40 years and 1,000."""
    outputs = [
        triton.InferRequestedOutput(name, binary_data=back)
        for name in ("approved", "probabilities")
    ]
    result = client.infer("loans", loans((numbers, numbers, town)), outputs=outputs)
    filled = np.nan_to_num(AGE, nan=40) / 10 + np.nan_to_num(INCOME, nan=1000) / 1000 - 5.5
    score = filled[:, 0] + np.array([1.0, 0.5, 0.0])
    assert texts(result.as_numpy("approved")) == ["yes" if s > 0 else "no" for s in score]
    np.testing.assert_allclose(
        result.as_numpy("probabilities")[:, 1], 1 / (1 + np.exp(-score)), rtol=1e-5
    )
    assert result.get_output("approved")["datatype"] == "BYTES"


def test_one_column_of_numbers_in_binary_and_one_in_json(client: Any) -> None:
    mixed = client.infer("loans", loans((True, False, True))).as_numpy("probabilities")
    alike = client.infer("loans", loans((True, True, True))).as_numpy("probabilities")
    np.testing.assert_array_equal(mixed, alike)


def test_a_row_without_an_answer_is_refused_over_binary_as_well(client: Any) -> None:
    """A regression has nothing to fill a missing value with: its value is none either."""
    rows = np.array([[1, 2, 3], [np.nan, 2, 3]], np.float32)
    with pytest.raises(InferenceServerException, match=r"rows\[1\] has no answer"):
        client.infer("prices", [tensor("features", "FP32", rows, True)])
    result = client.infer("prices", [tensor("features", "FP32", rows[:1], True)])
    np.testing.assert_array_equal(result.as_numpy("price"), np.array([[17]], np.float32))
    np.testing.assert_array_equal(result.as_numpy("range"), [[16, 18]])


@pytest.mark.parametrize("binary", [True, False])
def test_classes_of_a_table(client: Any, binary: bool) -> None:
    asked = triton.InferRequestedOutput("probabilities", binary_data=binary, class_count=5)
    result = client.infer("loans", loans((True, True, True)), outputs=[asked])
    classes = result.as_numpy("probabilities")
    assert classes.shape == (3, 2)
    assert {text.split(":")[2] for text in texts(classes)} == {"no", "yes"}


def test_an_output_of_another_role(client: Any) -> None:
    signal = np.arange(8, dtype=np.float64).reshape(2, 2, 2)
    for binary in (True, False):
        result = client.infer("sums", [tensor("signal", "FP64", signal, binary)])
        np.testing.assert_array_equal(result.as_numpy("sums"), signal.sum(axis=1))
        assert result.as_numpy("largest").tolist() == [1, 1]


def test_what_does_not_fit_together(client: Any) -> None:
    age, income = (tensor(n, "FP32", AGE, True) for n in ("age", "income"))
    short = tensor("town", "BYTES", TOWN[:2], True)
    for inputs, message in (
        ([age, income], 'inputs lacks "town"; loans needs it'),
        ([age, income, short], "different numbers of rows: 3 in age, 3 in income, 2 in town"),
        ([age, income, tensor("town", "INT64", np.ones((3, 1), np.int64), True)], "takes BYTES"),
    ):
        with pytest.raises(InferenceServerException) as caught:
            client.infer("loans", inputs)
        assert caught.value.status() == "422"
        assert message in caught.value.message()


def test_text_that_is_no_utf8_is_refused(client: Any) -> None:
    inputs = loans((True, True, True))
    inputs[0] = tensor("town", "BYTES", np.array([[b"a"], [b"\xff"], [b"c"]], object), True)
    with pytest.raises(InferenceServerException, match="not UTF-8 in element 1"):
        client.infer("loans", inputs)
