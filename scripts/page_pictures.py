"""Pictures of every view of the page: `python -m scripts.page_pictures`, or `make page-pictures`.

They are written to docs/page/ as PNGs of few colours.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.chromium import DESKTOP, PHONE, Watched, chromium, draw
from tests.browser.strokes import DIGITS
from tests.server import ROOT, serve
from tests.training.fit import tables
from training.fit.run import fit, prepare

FOLDER = ROOT / "docs" / "page"
COLOURS = 128
FACTS = (
    "#guide?facts=%7B%22modalities%22%3A%5B%22image%22%5D%2C%22n_labelled%22%3A500%2C"
    "%22domain%22%3A%22medical_diagnosis%22%7D"
)

_EXPLAINED = "() => document.querySelectorAll('.why:not([hidden])').length === 4"


class View(NamedTuple):
    """One picture: the view, what is done on it, and how it is looked at."""

    name: str
    address: str
    act: Callable[[Page], None]
    scheme: str = "light"
    phone: bool = False
    height: int = DESKTOP["height"]


def _draw(page: Page) -> None:
    page.wait_for_selector(".sample")
    for _ in range(2):  # the first explanations load their graphs
        page.get_by_role("button", name="Clear").click()
        draw(page, DIGITS[9][1])
        page.wait_for_function(_EXPLAINED)


def _layers(page: Page) -> None:
    _draw(page)
    page.get_by_text("What the layers see").click()
    for layer, channel in (("conv1", "10"), ("conv2", "21"), ("conv3", "0"), ("conv4", "36")):
        page.get_by_label(f"Channel of {layer}").select_option(channel)
    page.locator("details", has=page.locator(".layers")).evaluate("e => e.scrollIntoView()")


def _break(page: Page) -> None:
    page.get_by_label("Occlusion").fill("9")


def _read(page: Page) -> None:
    page.get_by_label("Choose a file").set_input_files(ROOT / "docs/examples/loans.csv")
    page.get_by_label("Column to predict").select_option("approved")


def _nothing(page: Page) -> None:
    """The view as it is."""


VIEWS = (
    View("digits", "#digits", _draw, height=1090),
    View("layers", "#digits", _layers, height=700),
    View("digits-phone", "#digits", _draw, "dark", phone=True),
    View("break", "#break", _break),
    View("tables", "#tables/made", _nothing, "dark"),
    View("data", "#data", _read),
    View("guide", FACTS, _nothing),
    View("api", "docs", _nothing),
)


def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        models = _models(Path(folder))
        with serve(ROSENBLATT_MODELS_DIR=str(models)) as server:
            for view in VIEWS:
                _write(browser, server.url, view)


def _models(folder: Path) -> Path:
    """The committed models, and one of a table."""
    root = folder / "models"
    root.mkdir()
    for model in (ROOT / "models").iterdir():
        (root / model.name).symlink_to(model)
    path = tables.write(folder / "made.csv", tables.rows("binary", 300))
    given = tables.options(path, out=root, budget=6.0, only=("linear", "xgboost"))
    fit(prepare(given), given, lambda what, left: None)
    return root


def _write(browser: Browser, url: str, view: View) -> None:
    size = PHONE if view.phone else {**DESKTOP, "height": view.height}
    touch = {"has_touch": True, "is_mobile": True} if view.phone else {}
    watched = Watched(browser, url, viewport=size, color_scheme=view.scheme, **touch)
    page = watched.open(view.address)
    view.act(page)
    page.wait_for_timeout(1500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{view.name}.png", optimize=True)
    watched.close()


if __name__ == "__main__":
    main()
