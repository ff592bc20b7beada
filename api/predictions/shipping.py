"""Bringing closed segments of the prediction log to the release store, as Parquet.

A process of its own (`python -m api.predictions.shipping`), at low priority, started by `recording` now and then:
pyarrow (50 MB, and a fifth of a second that no other thread runs in) never gets into the process that answers
photos. It may be killed anywhere and repeated: names and contents depend on the segment alone, and a segment is
removed once the store has it.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from api.predictions.segment_folders import Segment, adopt, closed_segments
from recipe_assets.errors import RecipeError
from recipe_assets.release.prediction_store import PredictionStore, open_predictions

_NICE = 10


class Shipped(msgspec.Struct):
    """What one run brought to the store."""

    files: int = 0
    rows: int = 0
    unreadable: int = 0
    """Lines that were no records: cut short by a power cut, or damaged."""


class ShippingError(RecipeError):
    """Segments cannot be shipped; they stay where they are."""


def ship(root: Path, store: PredictionStore) -> Shipped:
    """Ship all closed segments, the oldest first, and those that processes which are gone left open.

    Args:
        root: the folder of the logs for this store, on this machine.
        store: where to.

    Raises:
        ReleaseError: if the store cannot be used; what is shipped by then stays shipped.
        ShippingError: if the folder cannot be used.
    """
    shipped = Shipped()
    try:
        adopt(root)
        for segment in closed_segments(root):
            with suppress(FileNotFoundError):  # dropped for want of room, or shipped by another API, just now
                _ship(segment, store, shipped)
        adopt(root)
    except OSError as error:
        reason = f"{error.strerror or error}: {error.filename}"
        raise ShippingError(
            f"the prediction log {root} cannot be used ({reason}): check RECIPE_API_CACHE"
        ) from error
    return shipped


def _ship(segment: Segment, store: PredictionStore, shipped: Shipped) -> None:
    from recipe_assets.production.parquet import to_parquet

    path = segment.path
    encoded = to_parquet(path.read_bytes())
    if encoded.content is not None:
        store.put(segment.day, f"{path.parent.name}-{path.stem.partition('_')[2]}", encoded.content)
        shipped.files += 1
    path.unlink()
    shipped.rows += encoded.rows
    shipped.unreadable += encoded.unreadable


def main(arguments: Sequence[str]) -> int:
    """Ship once, from FOLDER to STORE. Prints what was shipped as JSON; trouble is one line on standard error."""
    folder, url = arguments
    if hasattr(os, "nice"):
        os.nice(_NICE)
    try:
        shipped = ship(Path(folder), open_predictions(url))
    except RecipeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except ImportError as error:
        sys.stderr.write(f"predictions cannot be shipped ({error}): pip install 'recipe-classifier[api]'\n")
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(shipped))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
