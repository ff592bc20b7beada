"""Who can use the page: by keyboard, by ear, in the dark, on a phone, with weak eyes or without movement."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, expect

from tests.api.conftest import Running
from tests.browser.conftest import Open
from tests.browser.demo_page import DemoPage, Held
from tests.release import factory

Photos = Callable[..., list[Path]]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
TEXT, OPERABLE = 4.5, 3.0
"""The least contrast of text and of what can be operated (WCAG 2.2 AA, 1.4.3 and 1.4.11)."""
CUT_OFF = """[...document.querySelectorAll("body *")]
    .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 0.5)
    .map((element) => element.outerHTML.slice(0, 120))"""
CONTRASTS = [
    *(("ink", ground, TEXT) for ground in ("ground", "surface", "sunken", "accent-soft", "danger-soft")),
    *(("quiet", ground, TEXT) for ground in ("ground", "surface", "sunken")),
    *(("accent", ground, OPERABLE) for ground in ("ground", "surface", "sunken", "accent-soft")),
    *(("edge", ground, OPERABLE) for ground in ("ground", "surface")),
    *(("danger", ground, TEXT) for ground in ("ground", "surface", "danger-soft")),
    ("warning", "warning-soft", TEXT),
    ("on-accent", "accent", TEXT),
]


def luminance(color: Sequence[int]) -> float:
    """Relative luminance of sRGB (WCAG 2.2)."""
    parts = [part / 255 for part in color]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Sequence[int], other: Sequence[int]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def with_every_state(page: DemoPage, photos: Photos) -> None:
    """Rows that are sure, to review, failed, in work and waiting, one of them open, and a message."""
    red, gray, *_ = photos("red", "gray", *(f"#0000{shade:02x}" for shade in range(240, 250)))
    broken = red.with_name("a-rather-long-name-" * 6 + "broken.jpg")
    broken.write_bytes(b"nothing")
    page.add(red, gray, broken)
    page.finished(3)
    Held(page)
    folder = red.parent
    (folder / "notes.txt").write_text("x")
    page.add_folder(folder)
    expect(page.page.locator("li[data-state=working]")).to_have_count(4)
    page.row("gray.jpg").last.get_by_role("button").click()
    expect(page.page.locator(".neighbor img[src]")).to_have_count(3)


def test_the_measure_of_contrast_is_that_of_the_standard() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((0x77, 0x77, 0x77), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colors_can_be_told_apart(demo: Running, open_page: Open, scheme: str) -> None:
    page = open_page(demo, color_scheme=scheme)
    colors = page.colors(sorted({name for pair in CONTRASTS for name in pair[:2]}))
    weak = [
        f"{front} on {ground}: {found:.2f} < {least}"
        for front, ground, least in CONTRASTS
        if (found := contrast(colors[front], colors[ground])) < least
    ]
    assert weak == []


def test_the_dark_page_is_dark(demo: Running, open_page: Open) -> None:
    grounds = [open_page(demo, color_scheme=scheme).colors(["ground", "ink"]) for scheme in ("light", "dark")]
    light, dark = [luminance(found["ground"]) for found in grounds]
    assert dark < 0.02 < 0.8 < light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(demo: Running, open_page: Open, photos: Photos, scheme: str) -> None:
    page = open_page(demo, color_scheme=scheme, reduced_motion="reduce")
    found = violations(page)
    with_every_state(page, photos)
    found += violations(page)
    page.button("API key").click()
    found += violations(page)
    assert found == []


def violations(page: DemoPage) -> list[str]:
    """What axe-core complains of: WCAG A and AA up to 2.2, and its best practices."""
    found = Axe().run(page.page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]}: {node['failureSummary']}" for one in found for node in one["nodes"]
    ]


def test_nothing_is_wider_than_a_phone(demo: Running, open_page: Open, photos: Photos) -> None:
    page = open_page(demo, **PHONE)
    assert width(page) == 360
    with_every_state(page, photos)
    assert width(page) == 360
    assert page.page.evaluate(CUT_OFF) == []
    places = page.page.locator("button:visible, a:visible, select:visible")
    assert [place.evaluate("element => element.outerHTML") for place in places.all() if small(place)] == []


def width(page: DemoPage) -> int:
    found: int = page.page.evaluate("document.documentElement.scrollWidth")
    return found


def small(place: Locator) -> bool:
    """Whether a finger misses it (WCAG 2.2 AA, 2.5.8)."""
    box = place.bounding_box()
    assert box is not None
    return min(box["width"], box["height"]) < 24


def test_everything_is_done_by_keyboard(page: DemoPage, photos: Photos) -> None:
    keyboard = page.page.keyboard
    red, gray = photos("red", "gray")
    reach(page, page.page.get_by_label("Choose photos"))
    with page.page.expect_file_chooser() as chooser:
        keyboard.press("Space")
    chooser.value.set_files([red, gray])
    page.finished(2)
    reach(page, page.page.get_by_label("All 2"))
    keyboard.press("ArrowRight")
    assert page.names() == ["gray.jpg"]
    keyboard.press("ArrowLeft")
    reach(page, page.button("CSV"))
    with page.page.expect_download():
        keyboard.press("Enter")
    reach(page, page.row("gray.jpg").get_by_role("button").first)
    keyboard.press("Enter")
    expect(page.row("gray.jpg").locator("h3")).to_contain_text("red-pan")
    reach(page, page.button("Download with keyword"))
    with page.page.expect_download():
        keyboard.press("Space")


def reach(page: DemoPage, place: Locator) -> None:
    """Press Tab until the focus is there, and see that every stop on the way can be seen."""
    for _ in range(40):
        page.page.keyboard.press("Tab")
        ring = page.page.evaluate("""() => {
            const places = [document.activeElement, document.activeElement.closest("label")];
            return places.some((place) => place && getComputedStyle(place).outlineStyle !== "none");
        }""")
        assert ring, page.page.evaluate("document.activeElement.outerHTML")
        if place.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {place}")


def test_the_page_has_one_main_place_and_headings_in_order(page: DemoPage, photos: Photos) -> None:
    page.add(*photos("red"))
    page.finished(1)
    assert page.page.get_by_role("main").count() == 1
    levels = page.page.locator("h1, h2:visible, h3:visible, h4:visible").evaluate_all(
        "all => all.map((heading) => Number(heading.tagName[1]))"
    )
    assert levels == [1, 2, 3, 4]


def test_progress_is_spoken_at_every_tenth_and_not_at_every_photo(page: DemoPage, tmp_path: Path) -> None:
    page.page.evaluate("""() => {
        window.spoken = [];
        const place = document.querySelector("[role=status]#announcements");
        new MutationObserver(() => spoken.push(place.textContent)).observe(place, { childList: true });
    }""")
    for number in range(40):
        (tmp_path / f"{number}.jpg").write_bytes(factory.photo("red"))
    page.add_folder(tmp_path)
    page.finished(40)
    expect(page.spoken()).to_have_text("40 photos classified. none to review")
    spoken = page.page.evaluate("spoken")
    assert spoken[0] == "40 photos added"
    assert spoken[1] == "4 of 40 photos done"
    assert len(spoken) <= 12


def test_nothing_moves_for_who_wants_no_movement(demo: Running, open_page: Open, photos: Photos) -> None:
    page = open_page(demo, reduced_motion="reduce")
    with_every_state(page, photos)
    assert page.page.evaluate("document.getAnimations().length") == 0
