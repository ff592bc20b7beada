"""Our own properties in an XMP packet: which keywords we wrote, from which release, how sure, and when.

Here: the namespace https://recipe-classifier.dev/xmp/1.0/ (prefix `recipe`), read and written. What the record
means is `provenance`'s subject. The names differ from those of other namespaces: ExifTool shows `recipe:model` to
whoever asks for the camera's.
"""

from datetime import datetime
from xml.sax.saxutils import escape

from recipe_assets.studio.metadata.provenance import WrittenByUs
from recipe_assets.studio.metadata.xmp import array, property_values
from recipe_assets.studio.metadata.xmp_tree import RECIPE, Tree

KEYWORDS, RELEASE, CONFIDENCE, MODEL, TIME = NAMES = tuple(
    (RECIPE, local) for local in ("writtenKeywords", "releaseId", "confidence", "modelName", "writtenAt")
)


def read_record(tree: Tree) -> WrittenByUs | None:
    """What the packet says of keywords of ours; None if it says nothing."""
    values = {name: tuple(property_values(tree, name)) for name in NAMES}
    if not any(values.values()):
        return None
    release, confidence, model, time = ((values[name] or (None,))[0] for name in NAMES[1:])
    return WrittenByUs(values[KEYWORDS], release, _number(confidence), model, _moment(time))


def record_xml(record: WrittenByUs) -> str:
    """The XML of the properties, for a description that declares the prefixes `rdf` and `recipe`."""
    texts = {
        "releaseId": record.release,
        "confidence": None if record.confidence is None else repr(record.confidence).removesuffix(".0"),
        "modelName": record.model,
        "writtenAt": None if record.time is None else record.time.isoformat(),
    }
    simple = [f"<recipe:{name}>{escape(text)}</recipe:{name}>" for name, text in texts.items() if text is not None]
    return array("recipe:writtenKeywords", record.keywords) + "".join(simple)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number <= 100 else None


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        return None
