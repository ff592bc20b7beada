"""The review page as a person has it: what tests press and read. No test stands here."""

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.demo_page import DemoPage

ANSWERS = "**/api/v1/review/answers"
CALLS = "**/api/v1/**"


class ReviewPage(DemoPage):
    """The review page in one browser tab, with everything that went wrong in it."""

    def __init__(self, page: Page, url: str) -> None:
        super().__init__(page, url)
        self.home = f"{url}/review"

    def open(self) -> "ReviewPage":
        self.page.goto(self.home)
        return self

    def begin(self, name: str = "Ana") -> "ReviewPage":
        """Say who reviews, and wait for the first picture."""
        self.page.get_by_label("Name").fill(name)
        self.page.keyboard.press("Enter")
        return self.seen()

    def seen(self) -> "ReviewPage":
        """Wait until the picture of the current photo is there."""
        expect(self.page.locator("#picture img[src]")).to_be_visible()
        return self

    @property
    def file(self) -> Locator:
        return self.page.locator("#file")

    def shows(self, file: str) -> None:
        """Wait until this photo is the current one, with its picture."""
        expect(self.file).to_have_text(file)
        self.seen()

    def press(self, key: str, then: str) -> None:
        """Press a key that leads to another photo."""
        self.seen()
        self.page.keyboard.press(key)
        self.shows(then)

    @property
    def standing(self) -> Locator:
        return self.page.locator("#standing")

    def waiting(self) -> int:
        """Answers that are kept in the browser."""
        found: int = self.page.evaluate(
            "Object.keys(localStorage).filter((key) => key.startsWith('recipe-review-answer:')).length"
        )
        return found


class Away:
    """The service as it looks when the connection is lost."""

    def __init__(self, page: ReviewPage) -> None:
        self._page = page.page
        self._page.route(CALLS, self._fail)

    @staticmethod
    def _fail(route: Route) -> None:
        route.abort("connectionrefused")

    def over(self) -> None:
        self._page.unroute(CALLS, self._fail)
