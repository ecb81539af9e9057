"""Pictures that harm, in every form in which the routes take one: 4xx, and little memory."""

from __future__ import annotations

import base64
import gzip
import io
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.faults import fault
from tests.instances.picture_files import END, SMOOTH, grey_png, header, png
from tests.repositories import tiny_model
from tests.server import Server, serve

VERBS = ("/predict", "/compare", "/explain", "/layers")
MIB = 2**20
# What one worker may grow by while it answers any of these, over what it has taken before.
MOST_GROWTH = 48 * MIB


def written(form: str) -> bytes:
    """A small grey picture in a format of Pillow's."""
    buffer = io.BytesIO()
    Image.fromarray(SMOOTH).convert("RGB" if form in ("EPS", "PDF") else "L").save(buffer, form)
    return buffer.getvalue()


def zeros(size: int) -> bytes:
    """So many zeros as a zlib stream: the same block again and again, then the rest."""
    deflater = zlib.compressobj(9, wbits=-15)
    block = deflater.compress(bytes(MIB)) + deflater.flush(zlib.Z_FULL_FLUSH)
    rest = zlib.compressobj(9, wbits=-15)
    end = rest.compress(bytes(size % MIB)) + rest.flush()
    checksum = (size % 65_521 << 16) + 1  # Adler-32 of zeros alone
    return b"\x78\xda" + block * (size // MIB) + end + checksum.to_bytes(4)


def blank_png(width: int, height: int, inflated: int) -> bytes:
    """A PNG whose header says one size, and whose pixel data has so many bytes."""
    return png(header(width=width, height=height), (b"IDAT", zeros(inflated)), END)


def huge_jpeg() -> bytes:
    """A JPEG whose header says 65,500 x 65,500."""
    data = bytearray(written("JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = (65_500).to_bytes(2) * 2
    return bytes(data)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
TEXT_BOMB = (b"zTXt", b"Comment\0\0" + zeros(512 * MIB))
PROFILE_BOMB = (b"iCCP", b"p\0\0" + zeros(512 * MIB))
GZIP_BOMB = gzip.compress(bytes(4 * MIB)) * 64  # 256 MiB
# Each with the status and a part of the sentence.
HARMFUL: dict[str, tuple[bytes, int, str]] = {
    "144 megapixels": (
        blank_png(12_000, 12_000, 12_000 * 12_001), 413, "is 12000x12000, 144000000 pixels",
    ),
    "bomb of a small size": (blank_png(28, 28, 1024 * MIB), 422, "inflates to more"),
    "bomb without an end": (
        png(header(), (b"IDAT", zeros(1024 * MIB)[:-50_000]), END), 422, "inflates to more",
    ),
    "2**31 pixels wide": (blank_png(2**31 - 1, 1, 100), 413, "is 2147483647x1"),
    "large JPEG": (huge_jpeg(), 413, "is 65500x65500"),
    "truncated PNG": (grey_png()[:-40], 422, "is a broken picture: "),
    "truncated JPEG": (written("JPEG")[:-60], 422, "is a broken picture: "),
    "empty": (b"", 422, "0 bytes that are not a readable PNG or JPEG"),
    **{
        form: (written(form), 422, "that are not a readable PNG or JPEG")
        for form in ("GIF", "WEBP", "TIFF", "BMP", "ICO", "PPM", "TGA", "JPEG2000", "EPS", "PDF")
    },
    "SVG": (SVG, 422, "that are not a readable PNG or JPEG"),
    "PSD": (b"8BPS\0\1" + bytes(100), 422, "that are not a readable PNG or JPEG"),
    "EPS header": (b"\xc5\xd0\xd3\xc6" + bytes(100), 422, "that are not a readable PNG or JPEG"),
    "zip": (b"PK\3\4" + bytes(100), 422, "that are not a readable PNG or JPEG"),
}  # fmt: skip
# Whose compressed text and profile nobody inflates: the picture itself is good.
UNREAD = {"text": grey_png(TEXT_BOMB), "profile": grey_png(PROFILE_BOMB)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    tiny_model(models := tmp_path_factory.mktemp("models"), "digits")
    with (
        serve(ROSENBLATT_MODELS_DIR=str(models), ROSENBLATT_DEFAULT_MODEL="digits") as running,
        running.client() as client,
    ):
        for verb in VERBS:  # what the first requests take for good
            client.post(verb, json={"instances": [base64.b64encode(grey_png()).decode()]})
        yield running


class Memory:
    """The resident memory of a worker, by Linux' own high-water mark."""

    def __init__(self, server: Server) -> None:
        self._folder = Path(f"/proc/{server.worker().pid}")
        (self._folder / "clear_refs").write_text("5")  # the mark is what is resident now
        self._before = self._read("VmHWM")

    def growth(self) -> int:
        """Bytes by which the peak is above what was resident before."""
        return self._read("VmHWM") - self._before

    def _read(self, field: str) -> int:
        status = (self._folder / "status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith(f"{field}:"))
        return int(line.split()[1]) * 1024


def check(answer: httpx.Response, status: int, message: str) -> None:
    assert answer.status_code == status, answer.text
    assert message in answer.json()["error"]
    assert len(answer.text) < 1000


@fault("pictures")
@pytest.mark.parametrize("verb", VERBS[:3])
@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_picture_as_text(
    server: Server, client: httpx.Client, name: str, verb: str
) -> None:
    picture, status, message = HARMFUL[name]
    memory = Memory(server)
    answer = client.post(verb, json={"instances": [base64.b64encode(picture).decode()]})
    check(answer, status, message)
    assert memory.growth() < MOST_GROWTH


@fault("pictures")
@pytest.mark.parametrize("fit", ["mnist", "resize"])
@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_picture_that_is_to_be_fitted(
    server: Server, client: httpx.Client, name: str, fit: str
) -> None:
    """Pictures of other sizes are decoded only for a fit."""
    picture, status, message = HARMFUL[name]
    body = {"instances": [base64.b64encode(picture).decode()], "fit": fit}
    memory = Memory(server)
    check(client.post("/predict", json=body), status, message)
    assert memory.growth() < MOST_GROWTH


@fault("pictures")
@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg"])
@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_picture_as_it_is(
    server: Server, client: httpx.Client, name: str, content_type: str
) -> None:
    memory = Memory(server)
    headers = {"content-type": content_type}
    answer = client.post("/predict", content=HARMFUL[name][0], headers=headers)
    assert answer.status_code in (413, 422), answer.text
    assert memory.growth() < MOST_GROWTH


@fault("pictures")
@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_picture_in_a_form(server: Server, client: httpx.Client, name: str) -> None:
    picture, status, message = HARMFUL[name]
    memory = Memory(server)
    check(client.post("/predict", files={"file": ("x.png", picture)}), status, message)
    assert memory.growth() < MOST_GROWTH


@fault("pictures")
@pytest.mark.parametrize("chunk", UNREAD)
def test_bytes_that_no_pixel_needs_are_not_inflated(
    server: Server, client: httpx.Client, chunk: str
) -> None:
    memory = Memory(server)
    headers = {"content-type": "image/png"}
    assert client.post("/predict", content=UNREAD[chunk], headers=headers).status_code == 200
    assert memory.growth() < MOST_GROWTH


@fault("pictures")
@pytest.mark.parametrize(
    "content_type",
    ["image/gif", "image/webp", "image/svg+xml", "image/tiff", "application/pdf", "image/*", "*/*",
     "text/html", "application/octet-stream", "application/x-www-form-urlencoded", "png"],
)  # fmt: skip
@pytest.mark.parametrize("verb", VERBS)
def test_a_wrong_content_type(client: httpx.Client, verb: str, content_type: str) -> None:
    answer = client.post(verb, content=grey_png(), headers={"content-type": content_type})
    check(answer, 415, f'content-type is "{content_type}"; send application/json or ')


@fault("pictures")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip"])
@pytest.mark.parametrize("verb", [*VERBS, "/recommend", "/v2/models/digits/infer"])
def test_a_compressed_body_is_not_unpacked(
    server: Server, client: httpx.Client, verb: str, coding: str
) -> None:
    memory = Memory(server)
    headers = {"content-type": "application/json", "content-encoding": coding}
    answer = client.post(verb, content=GZIP_BOMB, headers=headers)
    check(answer, 415, f'content-encoding is "{coding}"; send the body unencoded')
    assert memory.growth() < MOST_GROWTH


READERS = """
import base64, sys
from pathlib import Path

import PIL.Image
from service.settings import Settings
from tests.http.test_faults_pictures import HARMFUL
from tests.instances.picture_files import grey_png
from tests.service.client import Client

PIL.Image.OPEN.clear()  # what writing the test's own pictures has loaded
for name in [name for name in sys.modules if name.startswith("PIL.") and "Plugin" in name]:
    del sys.modules[name]
PIL.Image._initialized = 0
client = Client(Settings(models_dir=Path(sys.argv[1]), default_model="digits"))
for picture in [grey_png(), *(harmful for harmful, _, _ in HARMFUL.values())]:
    text = base64.b64encode(picture).decode()
    client.request("POST", "/predict", {"instances": [text], "fit": "mnist"})
assert not PIL.Image.OPEN, sorted(PIL.Image.OPEN)
"""


@fault("pictures")
def test_no_reader_of_pillow_is_even_loaded(tmp_path: Path) -> None:
    """Its plug-ins for other formats register themselves where an image is opened."""
    tiny_model(tmp_path, "digits")
    subprocess.run([sys.executable, "-c", READERS, str(tmp_path)], cwd=ROOT, check=True)


@fault("pictures")
def test_the_service_opens_no_image_with_pillow() -> None:
    sources = [*(ROOT / "service").rglob("*.py")]
    assert len(sources) > 100
    assert [path.name for path in sources if "Image.open" in path.read_text()] == []
