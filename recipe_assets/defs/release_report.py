"""What an approver reads on a release: state, numbers beside the released ones, changes, model card, what to do.

Only shows; measuring and building are done before, deciding is `approval`'s subject.
"""

from pathlib import Path

import dagster as dg
import pandas as pd

from recipe_assets.defs.changes import summary
from recipe_assets.defs.reporting import percent, picture, table
from recipe_assets.release.manifest import CONFUSION_MATRIX, MODEL_CARD, Manifest
from recipe_assets.release.pointer import Pointer

CURRENT, WAITS = "current", "waits for approval"
STATE = "state"
"""The metadata key that says whether a release is current or waits."""
MEASURES = {
    "macro_accuracy": "macro accuracy",
    "macro_f1": "macro F1",
    "top3_accuracy": "top-3 accuracy",
    "calibration_error": "calibration error (ECE)",
    "zero_shot_macro_accuracy": "macro accuracy of zero-shot",
    "linear_probe_macro_accuracy": "macro accuracy of the linear probe",
    "photos": "test photos",
}


def release_report(
    manifest: Manifest, folder: Path, pointer: Pointer, before: Manifest | None, changes: pd.DataFrame, waits: bool
) -> dict[str, dg.MetadataValue]:
    """Everything that people should know of a release, as metadata.

    Args:
        manifest: of the release.
        folder: its files.
        pointer: as it now stands in the store, as current one or as candidate.
        before: the manifest of the release before, if there is one.
        changes: the table of `keyword_changes`.
        waits: whether it waits for approval.
    """
    files = pd.DataFrame([{"file": name, "bytes": file.bytes} for name, file in manifest.files.items()])
    low, high = manifest.metrics.macro_accuracy_interval
    facts: dict[str, dg.MetadataValue] = {
        STATE: dg.MetadataValue.text(WAITS if waits else CURRENT),
        "before": dg.MetadataValue.text(pointer.previous or "none"),
        "macro_accuracy": dg.MetadataValue.float(manifest.metrics.macro_accuracy),
        "interval_95": dg.MetadataValue.text(f"{percent(low)} to {percent(high)}"),
        "measures": table(measures(manifest, before)),
        "changes": dg.MetadataValue.text(summary(changes)),
        "changed_photos": dg.MetadataValue.asset(dg.AssetKey("keyword_changes")),
        "same_photos_compared": dg.MetadataValue.asset(dg.AssetKey("model_comparison")),
        "graph": dg.MetadataValue.text(manifest.graph.reason if manifest.graph else "fp32"),
        "confusion_matrix": picture((folder / CONFUSION_MATRIX).read_bytes()),
        "files": table(files),
    }
    if waits:
        facts["what_to_do"] = dg.MetadataValue.md(_what_to_do(manifest.release_id))
    card = folder / MODEL_CARD
    if card.is_file():
        facts["model_card"] = dg.MetadataValue.md(_body(card.read_text(encoding="utf-8")))
    return facts


def measures(new: Manifest, before: Manifest | None) -> pd.DataFrame:
    """A row per measure: the release's, the one of the release before, and the difference.

    Each was measured on the test photos of its own time: with new shoots these are more, so that small differences
    mean little; `model_comparison` compares both models on the same photos.
    """
    rows = []
    for name, title in MEASURES.items():
        ours = getattr(new.metrics, name)
        theirs = getattr(before.metrics, name) if before else None
        change = None if ours is None or theirs is None else ours - theirs
        rows.append({"measure": title, "this release": ours, "release before": theirs, "difference": change})
    numbers = ("this release", "release before", "difference")
    return pd.DataFrame(rows).astype({name: "Float64" for name in numbers})


def _what_to_do(release_id: str) -> str:
    return (
        f"Release `{release_id}` **waits for approval**; the APIs go on with the release before.\n\n"
        "1. Look at `measures`, `changes` and the model card here, and at the photos of **keyword_changes**.\n"
        "2. Open the job **approve_release** in its launchpad, set `decision` to `approve` or `reject` and "
        f"`approved_by` to your name, and launch it. Or: `recipe releases approve {release_id} --by NAME`."
    )


def _body(card: str) -> str:
    """A model card without its YAML header, which is for programs."""
    if not card.startswith("---\n"):
        return card
    _, _, rest = card.removeprefix("---\n").partition("\n---\n")
    return rest.lstrip("\n")
