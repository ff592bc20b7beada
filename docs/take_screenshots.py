"""Take the README's pictures from the running UI, the running API and the drawn sample.

Run `make run`, and beside it `.venv/bin/python docs/take_screenshots.py`. Needs Debian's chromium.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from recipe_assets.studio.sample import KEYWORDS, draw_step

IMAGES = Path(__file__).with_name("images")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def graph(page: Page, ui: str) -> None:
    """The whole asset graph, its groups opened, zoomed out until it fits."""
    page.goto(f"{ui}/asset-groups")
    page.wait_for_timeout(6000)
    skip_welcome(page)
    page.mouse.click(1000, 700)
    page.keyboard.press("Alt+e")
    page.get_by_text("review_queue").first.wait_for()
    page.wait_for_timeout(3000)
    page.locator("[aria-label=zoom_out]").click()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "graph.png", clip={"x": 660, "y": 200, "width": 830, "height": 1245})


def findings(page: Page, ui: str) -> None:
    """The worst offenders of a check, opened from its metadata."""
    page.goto(f"{ui}/assets/photo_findings?view=checks&checkDetail=no_label_error")
    page.get_by_text("what_to_do").first.wait_for()
    skip_welcome(page)
    page.get_by_text("[Show Markdown]").first.click()
    page.wait_for_timeout(2500)
    page.screenshot(path=IMAGES / "findings.png")


def confusion_matrix(page: Page, ui: str) -> None:
    """The matrix, opened from the asset's metadata."""
    page.goto(f"{ui}/assets/confusion_matrix")
    page.get_by_text("per_keyword").first.wait_for()
    skip_welcome(page)
    page.get_by_text("[Show Markdown]").first.click()
    page.wait_for_timeout(2000)
    page.screenshot(path=IMAGES / "confusion_matrix.png")


def review(page: Page, api: str) -> None:
    """The review page with the first photo of its queue; nothing is answered."""
    page.goto(f"{api}/review")
    page.get_by_label("Name").fill("Ana")
    page.keyboard.press("Enter")
    page.locator("#picture img[src]").wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "review.png")


def skip_welcome(page: Page) -> None:
    """Close the dialog that a new browser gets."""
    skip = page.get_by_role("button", name="Skip")
    if skip.count():
        skip.click()


def sample() -> None:
    """Six photos of each keyword, a row each with its name."""
    width, height, photos = 132, 88, 6
    sheet = Image.new("RGB", (2 * (photos * width + 12), -(-len(KEYWORDS) // 2) * (height + 16)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, keyword in enumerate(KEYWORDS):
        left, top = place % 2 * (photos * width + 12), place // 2 * (height + 16)
        draw.text((left + 2, top + 2), keyword, fill="black")
        for number in range(photos):
            photo = draw_step(keyword, np.random.default_rng([place, number]))
            sheet.paste(photo.resize((width - 3, height)), (left + number * width, top + 14))
    sheet.save(IMAGES / "sample.jpg", quality=85)


def main() -> None:
    """Take all of them."""
    parser = argparse.ArgumentParser(description="take the README's pictures")
    parser.add_argument("--ui", default=f"http://127.0.0.1:{os.environ.get('RECIPE_UI_PORT', '3000')}")
    parser.add_argument("--api", default=f"http://127.0.0.1:{os.environ.get('RECIPE_API_PORT', '8000')}")
    arguments = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    sample()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        graph(browser.new_page(viewport={"width": 1600, "height": 1620}), arguments.ui)
        confusion_matrix(browser.new_page(viewport={"width": 1500, "height": 1110}), arguments.ui)
        findings(browser.new_page(viewport={"width": 1500, "height": 760}), arguments.ui)
        review(browser.new_page(viewport={"width": 1280, "height": 860}), arguments.api)
        browser.close()


if __name__ == "__main__":
    main()
