"""A retoucher's desk: files of an outbox changed by ExifTool, answers given, and looks that read it all back."""

from pathlib import Path
from uuid import uuid4

import pandas as pd

from recipe_assets.release.places import open_objects
from recipe_assets.review.history import (
    NAME,
    Entry,
    entries_of,
    frame_of,
    meanings,
    stored_entries,
    words_that_count,
)
from recipe_assets.review.journal import Answer, Journal
from recipe_assets.review.reviewed import JUDGED, Look, all_decisions, look
from recipe_assets.review.unclear import store_unclear
from recipe_assets.studio.review import COLUMNS
from tests.outbox.shop import SHOOT, Shop
from tests.studio.pictures import exiftool

BOTH = ("-IPTC:Keywords={0}", "-XMP-dc:Subject={0}")
"""The tags that a program sets when a person types a keyword."""


class Desk:
    """One shoot in an outbox in a folder, with a release store."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.journal = Journal(open_objects(str(shop.root / "releases")))

    def path(self, file: str) -> Path:
        """Where a photo of the shoot lies in the outbox."""
        return Path(self.shop.outbox_at) / str(self.shop.rows()[file]["path"])

    def edit(self, file: str, *changes: str) -> None:
        """Change tags of a photo in the outbox."""
        exiftool("-q", "-overwrite_original", *changes, str(self.path(file)))

    def type(self, file: str, keyword: str) -> None:
        """A person types another keyword in the place of all."""
        self.edit(file, *(tag.format(keyword) for tag in BOTH))

    def answer(self, file: str, keyword: str, by: str = "Ada", **more: object) -> Answer:
        """A person answers on the review page."""
        row = self.shop.rows()[file]
        shown = {"shown_keyword": row["keyword"], "shown_confidence": row["confidence"]}
        shown |= {"release_id": row["release_id"]} | more
        sha256 = str(row["sha256"])
        return self.journal.append(
            Answer(answer_id=uuid4().hex, shoot=SHOOT, file=file, sha256=sha256, keyword=keyword, by=by, **shown)  # type: ignore[arg-type]
        )

    def look(self) -> Look:
        """What the asset does."""
        found = look(self.shop.outbox, self.journal, self.shop.tables, self.shop.words)
        store_unclear(self.shop.tables, found.unclear)
        self.shop.tables.write(frame_of(found.history), NAME, attributes={JUDGED: found.judged})
        return found

    def said(self, file: str) -> list[tuple[str, str | None]]:
        """Verdict and keyword of every word about a photo."""
        return [(entry.verdict, entry.keyword) for entry in self.history if entry.file == file]

    @property
    def history(self) -> list[Entry]:
        return stored_entries(self.shop.tables)

    def labels(self, queue: pd.DataFrame | None = None) -> dict[str, str]:
        """What counts for each photo by file."""
        rows = pd.DataFrame(columns=COLUMNS, dtype="string") if queue is None else queue
        found = all_decisions(rows, self.shop.tables, self.shop.words)
        return {photo[1]: word for photo, word in found.items()}

    def words(self) -> dict[str, str]:
        """The same without the queue, from a table read back."""
        stored = entries_of(self.shop.tables.read(NAME))
        return {photo.file: word for photo, word in meanings(words_that_count(stored), self.shop.words).items()}
