"""The protocol on a real server, spoken by Triton's own client, unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from contract.repository import Artifact, audit, entries
from tests.conftest import MODELS
from tests.server import Server

ARTIFACTS = [audit(entry) for entry in entries(MODELS)]
GOLDEN = ARTIFACTS[0].golden.inputs["images"]
CNN = "digits-cnn"


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Any]:
    client = triton.InferenceServerClient(server.url.removeprefix("http://"))
    yield client
    client.close()


def images(array: np.ndarray, *, binary: bool = True, **changes: Any) -> Any:
    """The input tensor; `changes` lie about it."""
    tensor = triton.InferInput("images", list(array.shape), "UINT8")
    tensor.set_data_from_numpy(array, binary_data=binary)
    for name, value in changes.items():
        setattr(tensor, f"_{name}", value)
    return tensor


def output(name: str, **options: Any) -> Any:
    return triton.InferRequestedOutput(name, **options)


def test_health_and_metadata(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(CNN)
    assert client.is_model_ready(CNN, "1")
    assert not client.is_model_ready(CNN, "2")
    assert not client.is_model_ready("svm")
    server = client.get_server_metadata()
    assert server["name"] == "rosenblatt"
    extensions = ["binary_tensor_data", "classification", "statistics", "model_repository"]
    assert server["extensions"] == extensions


@pytest.mark.parametrize("artifact", ARTIFACTS, ids=lambda a: a.manifest.name)
def test_model_metadata_is_the_manifest(client: Any, artifact: Artifact) -> None:
    manifest = artifact.manifest
    metadata = client.get_model_metadata(manifest.name, manifest.version)
    assert metadata["platform"] == manifest.platform
    assert metadata["versions"] == [manifest.version]
    for kind in ("inputs", "outputs"):
        assert metadata[kind] == [
            {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}
            for spec in getattr(manifest, kind)
        ]


def test_the_index_lists_every_model(client: Any) -> None:
    index = client.get_model_repository_index()
    assert {(entry["name"], entry["state"]) for entry in index} == {
        (artifact.manifest.name, "READY") for artifact in ARTIFACTS
    }


@pytest.mark.parametrize("artifact", ARTIFACTS, ids=lambda a: a.manifest.name)
@pytest.mark.parametrize("binary", [True, False])
def test_every_model_answers_its_golden_inputs(
    client: Any, artifact: Artifact, binary: bool
) -> None:
    golden = artifact.golden
    result = client.infer(
        artifact.manifest.name,
        [images(golden.inputs["images"], binary=binary)],
        outputs=[output("probabilities", binary_data=binary), output("label", binary_data=binary)],
        request_id="golden:1",
    )
    response = result.get_response()
    assert (response["model_name"], response["id"]) == (artifact.manifest.name, "golden:1")
    assert [tensor["name"] for tensor in response["outputs"]] == ["probabilities", "label"]
    np.testing.assert_array_equal(result.as_numpy("label"), golden.outputs["label"])
    np.testing.assert_allclose(
        result.as_numpy("probabilities"), golden.outputs["probabilities"], atol=1e-4
    )


@pytest.mark.parametrize("into", [True, False])
@pytest.mark.parametrize("back", [True, False, None])
def test_json_and_binary_either_way(client: Any, into: bool, back: bool | None) -> None:
    """All agree to the last bit; without outputs the client asks for all of them in binary."""
    one = GOLDEN[:1]
    names = ("label", "probabilities")
    asked = None if back is None else [output(name, binary_data=back) for name in names]
    result = client.infer(CNN, [images(one, binary=into)], model_version="1", outputs=asked)
    reference = client.infer(CNN, [images(one)])
    for name in names:
        assert ("data" in result.get_output(name)) is (back is False)
        np.testing.assert_array_equal(result.as_numpy(name), reference.as_numpy(name))


@pytest.mark.parametrize("binary", [True, False])
def test_classification(client: Any, binary: bool) -> None:
    named = [output("probabilities", binary_data=binary, class_count=3), output("label")]
    result = client.infer(CNN, [images(GOLDEN[:4])], outputs=named)
    classes = result.as_numpy("probabilities")
    assert classes.shape == (4, 3)
    best = [c.decode() if isinstance(c, bytes) else c for c in classes[:, 0]]
    assert [int(c.split(":")[1]) for c in best] == result.as_numpy("label").tolist()


def test_more_classes_than_there_are_is_all_of_them(client: Any) -> None:
    result = client.infer(
        CNN, [images(GOLDEN[:2])], outputs=[output("probabilities", class_count=11)]
    )
    classes = result.as_numpy("probabilities")
    assert classes.shape == (2, 10)
    assert sorted(int(c.split(b":")[1]) for c in classes[0]) == list(range(10))


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "shape": ({"shape": [1, 784]}, "422", "shape is [1, 784]; images takes [-1, 28, 28]"),
    "rows": ({"shape": [2, 28, 28]}, "422", "shape [2, 28, 28] of UINT8 has 1568 bytes"),
    "datatype": ({"datatype": "FP32"}, "422", 'datatype is "FP32"; images takes UINT8'),
    "name": ({"name": "pixels"}, "422", 'name is "pixels"; digits-cnn takes images'),
    "short": ({"raw_data": bytes(783)}, "400", "784, but 783 bytes are left in the body"),
    "left over": ({"raw_data": bytes(785)}, "400", "the body has 1 bytes more than its JSON"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_inputs(client: Any, case: str) -> None:
    changes, status, message = WRONG[case]
    with pytest.raises(InferenceServerException) as caught:
        client.infer(CNN, [images(GOLDEN[:1], **changes)])
    assert caught.value.status() == status
    assert message in caught.value.message()


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        (lambda c: c.infer("svm", [images(GOLDEN[:1])]), "404", 'model "svm" is unknown'),
        (lambda c: c.infer(CNN, [images(GOLDEN[:1])], "9"), "404", 'has no version "9"'),
        (lambda c: c.infer(CNN, []), "422", 'inputs lacks "images"'),
        (
            lambda c: c.infer(CNN, [images(GOLDEN[:1])], outputs=[output("x")]),
            "422",
            'outputs[0].name is "x"; digits-cnn gives label, probabilities',
        ),
        (
            lambda c: c.infer(CNN, [images(GOLDEN[:1])], outputs=[output("label", class_count=1)]),
            "422",
            "classification is 1, but label has no value per class; leave it out, or ask for",
        ),
        (
            lambda c: c.infer(CNN, [images(GOLDEN[:1])], request_compression_algorithm="gzip"),
            "415",
            'content-encoding is "gzip"; send the body unencoded',
        ),
        (lambda c: c.get_model_metadata("svm"), "404", 'model "svm" is unknown'),
        (lambda c: c.get_inference_statistics("svm"), "404", 'model "svm" is unknown'),
        (lambda c: c.get_model_config(CNN), "404", "there is no route"),
        (lambda c: c.load_model("svm"), "404", 'model "svm" is not in the repository'),
        (lambda c: c.get_system_shared_memory_status(), "404", "there is no route"),
    ],
)
def test_wrong_calls(client: Any, call: Any, status: str, message: str) -> None:
    with pytest.raises(InferenceServerException) as caught:
        call(client)
    assert caught.value.status() == status
    assert message in caught.value.message()


def test_shared_memory_is_refused_and_custom_parameters_are_not(client: Any) -> None:
    tensor = images(GOLDEN[:1])
    result = client.infer(
        CNN, [tensor], parameters={"who": "me", "n": 1.5, "really": True}, priority=1, timeout=9
    )
    assert result.as_numpy("label").shape == (1,)
    tensor.set_shared_memory("region", 784)
    with pytest.raises(InferenceServerException, match="there is no shared memory here"):
        client.infer(CNN, [tensor])


def perceptron_statistics(client: Any) -> Any:
    (found,) = client.get_inference_statistics("digits-perceptron", "1")["model_stats"]
    return found


def test_statistics_grow(client: Any) -> None:
    before = perceptron_statistics(client)
    for rows in (1, 3):
        client.infer("digits-perceptron", [images(np.zeros((rows, 28, 28), np.uint8))])
    after = perceptron_statistics(client)
    assert after["inference_count"] - before["inference_count"] == 4
    assert after["execution_count"] - before["execution_count"] == 2
    success = (before["inference_stats"]["success"], after["inference_stats"]["success"])
    assert success[1]["count"] - success[0]["count"] == 2
    assert success[1]["ns"] > success[0]["ns"]
    assert len(client.get_inference_statistics()["model_stats"]) == len(ARTIFACTS)


def test_a_request_of_many_runs_waits_once(client: Any) -> None:
    """Its rows are more than those of one run."""
    before = perceptron_statistics(client)
    client.infer("digits-perceptron", [images(np.zeros((600, 28, 28), np.uint8))])
    after = perceptron_statistics(client)
    assert after["inference_count"] - before["inference_count"] == 600
    assert after["execution_count"] - before["execution_count"] > 1
    waits = [found["inference_stats"]["queue"]["count"] for found in (before, after)]
    assert waits[1] - waits[0] == 1


def test_many_at_a_time(server: Server) -> None:
    """Requests that are answered in one batch get each its own rows."""
    with triton.InferenceServerClient(server.url.removeprefix("http://"), concurrency=8) as client:
        alone = client.infer(CNN, [images(GOLDEN)]).as_numpy("probabilities")
        waiting = [client.async_infer(CNN, [images(GOLDEN[i : i + 1])]) for i in range(len(GOLDEN))]
        found = [result.get_result().as_numpy("probabilities")[0] for result in waiting]
    np.testing.assert_allclose(found, alone, atol=1e-6)


def test_a_raw_body(server: Server) -> None:
    answer = httpx.post(
        f"{server.url}/v2/models/{CNN}/infer",
        content=GOLDEN[:2].tobytes(),
        headers={"inference-header-content-length": "0"},
    )
    result = triton.InferenceServerClient.parse_response_body(
        answer.content, header_length=int(answer.headers["inference-header-content-length"])
    )
    np.testing.assert_array_equal(
        result.as_numpy("label"), ARTIFACTS[0].golden.outputs["label"][:2]
    )


def test_encoded_paths(server: Server) -> None:
    with server.client() as client:
        assert client.get("/v2/models/digits%2Dcnn/ready").status_code == 200
        for path in (
            "/v2/models/a%2Fb",
            "/v2/models/%FF%00%0A",
            "/v2/models/%25/versions/1/ready",
        ):
            answer = client.get(path)
            assert (answer.status_code, list(answer.json())) == (404, ["error"])
