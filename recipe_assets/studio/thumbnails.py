"""Stored thumbnails of a shoot, by file name, in little memory. What they look like is `photos`' subject."""

from collections.abc import Iterable, Iterator

from recipe_assets.storage import StorageError, TableStore


def thumbnail_batches(
    tables: TableStore, shoot: str, files: Iterable[str]
) -> Iterator[tuple[list[str], list[bytes]]]:
    """File names with their PNG thumbnails, batch by batch in the table's order.

    Raises:
        StorageError: if the table is missing or damaged, or lacks one of the files.
    """
    wanted = set(files)
    for batch in tables.read_batches("raw_images", shoot, ["file", "thumbnail"], frozenset(wanted)):
        found = batch[batch["file"].isin(wanted) & batch["thumbnail"].notna()]
        wanted -= set(found["file"])
        if len(found):
            yield found["file"].tolist(), found["thumbnail"].tolist()
    if wanted:
        raise StorageError(
            f"raw_images of shoot '{shoot}' has no thumbnail of {sorted(wanted)[0]}: materialize it and "
            "standardized_keywords again"
        )


def thumbnails(tables: TableStore, shoot: str, files: Iterable[str]) -> dict[str, bytes]:
    """PNG thumbnails of a few photos by file name; see `thumbnail_batches`."""
    return {
        file: png
        for names, pictures in thumbnail_batches(tables, shoot, files)
        for file, png in zip(names, pictures, strict=True)
    }
