"""The YAML header of a model card, as Hugging Face's hub reads it: licence, base, metrics.

The card below it is `model_card`'s subject.
"""

import yaml

from recipe_assets.release.manifest import Manifest, Metrics


def card_header(manifest: Manifest) -> str:
    """The header between its two lines of dashes; what is not known is left out."""
    base = manifest.base_checkpoint
    fields: dict[str, object] = {}
    if base.licence:
        fields["license"] = base.licence.lower()
    if base.name.count("/") == 1:  # a hub id; the hub knows no other names
        fields["base_model"] = base.name.partition("@")[0]
    fields |= {
        "library_name": "transformers",
        "pipeline_tag": "image-classification",
        "tags": ["clip", "image-classification", "food", "onnx"],
        "metrics": ["accuracy", "f1"],
        "model-index": [{"name": "recipe-classifier", "results": [_result(manifest.metrics)]}],
    }
    return f"---\n{yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)}---"


def _result(metrics: Metrics) -> dict[str, object]:
    values = {
        ("accuracy", "macro accuracy (mean recall)"): metrics.macro_accuracy,
        ("f1", "macro F1"): metrics.macro_f1,
        ("accuracy", "top-3 accuracy"): metrics.top3_accuracy,
    }
    return {
        "task": {"type": "image-classification"},
        "dataset": {"type": "studio", "name": "recipes of the studio that training never saw"},
        "metrics": [
            {"type": kind, "name": name, "value": round(value, 4)}
            for (kind, name), value in values.items()
            if value is not None
        ],
    }
