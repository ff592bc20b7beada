"""Contact sheets: small photos in a grid, each with a caption. JPEG, so that the event log stays small.

Charts stand elsewhere; here nothing is measured, only shown.
"""

import io
import unicodedata
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

from recipe_assets.figures.fonts import fit, text_width, write_line

PAPER, INK, EMPTY, FAINT = "#ffffff", "#111111", "#ececec", "#767676"
GAP = 6
"""Pixels of paper around each cell."""
NO_PHOTO = "no photo"
BROKEN = "cannot be shown"


def contact_sheet(photos: Sequence[tuple[str, bytes | None]], columns: int = 6, width: int = 240) -> bytes:
    """A grid of small pictures with a caption of one or two lines under each.

    Args:
        photos: caption (a line feed starts its second line) and encoded picture; None leaves a named, empty cell.
            A picture that cannot be decoded does, too.
        columns: pictures in a row; fewer photos make a narrower sheet.
        width: pixels of a cell; its picture is at most two thirds as high.

    Returns:
        An RGB JPEG; the same input gives the same bytes.
    """
    columns = max(1, min(columns, len(photos)))
    size = max(10, width // 11)
    lines = 2 if any("\n" in caption.strip() for caption, _ in photos) else 1
    height = width * 2 // 3
    step = height + lines * (size * 5 // 4) + size // 2 + GAP
    sheet = Image.new(
        "RGB", (columns * (width + GAP) + GAP, max(1, -(-len(photos) // columns)) * step + GAP), PAPER
    )
    for index, (caption, encoded) in enumerate(photos):
        left, top = GAP + index % columns * (width + GAP), GAP + index // columns * step
        _place(sheet, encoded, (left, top, left + width, top + height), size)
        _write(sheet, caption, left, top + height, width, size)
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=82, subsampling=0 if width < 200 else 2)
    return buffer.getvalue()


def example_sheet(
    counts: Mapping[str, int], examples: Mapping[str, bytes], columns: int = 6, width: int = 240
) -> bytes:
    """One photo of every keyword, with its name and how many photos it has; JPEG.

    Args:
        counts: photos per keyword, in the order to show; a keyword without any gets an empty, named cell.
        examples: an encoded picture of each keyword that has one.
        columns: cells in a row.
        width: pixels of a cell.
    """
    cells = [
        (f"{name}\n{_photos(count)}", examples.get(name, b"" if count else None)) for name, count in counts.items()
    ]
    return contact_sheet(cells, columns, width)


def _photos(count: int) -> str:
    return "no photo yet" if count == 0 else f"{count:,} photo{'s' if count > 1 else ''}"


def _place(sheet: Image.Image, encoded: bytes | None, box: tuple[int, int, int, int], size: int) -> None:
    """Put the picture in the middle of the box, or a gray cell that says why there is none."""
    width, height = box[2] - box[0], box[3] - box[1]
    small = None if encoded is None else _decoded(encoded, (width, height))
    if small is not None:
        sheet.paste(small, (box[0] + (width - small.width) // 2, box[1] + (height - small.height) // 2))
        return
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=EMPTY, outline=FAINT)
    said = fit(NO_PHOTO if encoded is None else BROKEN, size, width - 4)
    write_line(draw, box[0] + (width - text_width(said, size)) / 2, box[1] + height / 2, said, size, FAINT)


def _decoded(encoded: bytes, room: tuple[int, int]) -> Image.Image | None:
    """The picture on white paper, shrunk into the room; None if it is none."""
    try:
        with Image.open(io.BytesIO(encoded)) as picture:
            picture.thumbnail(room)
            clear = picture.convert("RGBA")
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return None
    paper = Image.new("RGBA", clear.size, PAPER)
    return Image.alpha_composite(paper, clear).convert("RGB")


def _write(sheet: Image.Image, caption: str, left: int, top: int, width: int, size: int) -> None:
    draw = ImageDraw.Draw(sheet)
    for row, line in enumerate(caption.strip().split("\n", 1)):
        shown = "".join(" " if unicodedata.category(one)[0] in "ZC" else one for one in line)
        baseline = top + (row + 1) * (size * 5 // 4)
        write_line(draw, left, baseline, fit(shown, size, width), size, INK if row == 0 else FAINT)
