"""The model card of a release: Markdown for people, with the header that Hugging Face reads.

Says only what manifest, training record and splits say; nothing is measured here. Its tables are `card_tables`'.
"""

from recipe_assets.model.card_header import card_header
from recipe_assets.model.card_tables import (
    data_table,
    keyword_table,
    percent,
    results_table,
    settings_table,
)
from recipe_assets.model.data_summary import DataSummary
from recipe_assets.model.records import TrainingRecord
from recipe_assets.release.manifest import BaseCheckpoint, Manifest

FEW_TRAINED, FEW_TESTED = 20, 10
"""Below these, a keyword's results are named as uncertain."""
STRATEGIES = {
    "zero_shot": "Nothing was trained: the head is the text embedding of each keyword's prompts.",
    "linear_probe": "Only the keyword head was trained, on embeddings of the untuned image tower.",
    "lp_ft": "First the keyword head was trained alone, then head and image tower together (LP-FT).",
    "contrastive": "Both towers were trained, by a contrastive loss between photos and keywords' prompts (FLYP).",
    "lora": "Low-rank updates of the image tower were trained with the keyword head and merged into it (LoRA).",
    "full": "Image tower and keyword head were trained together by cross-entropy.",
}
LICENCE_NOTE = (
    "The weights derive from that checkpoint and from the studio's own photos, and `neighbors.zip` holds small "
    "copies of these: whoever passes this release on needs the right to both."
)


def write_model_card(manifest: Manifest, record: TrainingRecord, data: DataSummary) -> str:
    """Describe a release.

    Args:
        manifest: of the release.
        record: how its model was trained.
        data: what the splits hold.

    Returns:
        Markdown that begins with a YAML header.
    """
    parts = [
        f"# Keywords for recipe photos: release {manifest.release_id}",
        _introduction(manifest),
        "## Intended use",
        _use(manifest),
        "## Data",
        _data(manifest, data),
        "## Training",
        _training(record),
        "## Results",
        _results(manifest, data),
        "## When a person should look",
        _review(manifest),
        "## Limits",
        _limits(manifest, data),
        "## The graph that is served",
        _graph(manifest),
        "## Licence",
        _licence(record.base_checkpoint),
        "## Origin",
        _origin(manifest),
    ]
    return f"{card_header(manifest)}\n" + "\n\n".join(parts) + "\n"


def _introduction(manifest: Manifest) -> str:
    metrics = manifest.metrics
    low, high = metrics.macro_accuracy_interval
    return (
        f"Names the keyword of a photo of a recipe step: one of {len(manifest.keywords)}. On {metrics.photos} "
        f"photos of recipes that it had never seen it names {percent(metrics.macro_accuracy)} rightly, every "
        f"keyword counting the same (95 % interval {percent(low)} to {percent(high)})."
    )


def _use(manifest: Manifest) -> str:
    size = manifest.preprocessing.size
    return (
        "Post-production sorts step photos of a recipe studio by it: the keyword decides which pipeline a photo "
        "goes to, so a wrong one costs a person's time. The first three keywords come with a confidence in "
        "percent, calibrated to be right as often as it says.\n\n"
        f"It sees the centered square of a photo at {size} by {size} pixels. It always names one of its keywords, "
        "also for a photo that shows none of them. It is made for photos of cooking and for nothing else."
    )


def _data(manifest: Manifest, data: DataSummary) -> str:
    kept_out = "".join(f"\n- {count} photos were kept out: {reason}." for reason, count in data.kept_out.items())
    return (
        f"{data_table(data)}\n\n"
        "Keywords are those that people wrote into the photos' own metadata, standardized by the studio's "
        "vocabulary. Recipes stand on one side only, with their near-duplicates. Masks are not trained on.\n"
        f"{kept_out}\n- Fingerprint of photos, keywords, sides and vocabulary: `{manifest.data_fingerprint}`."
    )


def _training(record: TrainingRecord) -> str:
    base = record.base_checkpoint
    revision = f" at revision {base.revision}" if base.revision else ""
    mix = record.wise_ft_mix
    sentences = [
        f"Base checkpoint: {base.name}{revision}. Strategy `{record.strategy}`.",
        STRATEGIES.get(record.strategy),
        f"Epoch {record.best_epoch} was kept, by the loss on validation." if record.best_epoch else None,
        None
        if mix is None
        else f"Weights are {percent(mix)} tuned, the rest untuned: the best mix on validation (WiSE-FT).",
        f"Logits are divided by {record.temperature:.3f}, a temperature fitted on validation.",
    ]
    return f"{' '.join(filter(None, sentences))}\n\n{settings_table(record.settings)}"


def _results(manifest: Manifest, data: DataSummary) -> str:
    return (
        f"Measured on the {manifest.metrics.photos} test photos. Intervals are 95 %, recipes resampled as a "
        "whole.\n\n"
        f"{results_table(manifest.metrics)}\n\n"
        "Accuracy of a keyword is the share of its photos that are named rightly (recall); precision the share of "
        f"photos so named that are.\n\n{keyword_table(manifest, data)}\n\n"
        "Which keyword is taken for which is drawn in `confusion_matrix.png`."
    )


def _review(manifest: Manifest) -> str:
    rule = manifest.review
    if rule is None:
        return "No rule was measured: a person looks at every photo."
    right = "none passed" if rule.accuracy is None else f"of these {percent(rule.accuracy)} were right"
    return (
        "A photo needs a look when its confidence is below the threshold of its first keyword, which the table "
        f"above lists. The thresholds were chosen on validation, so that {percent(rule.target_accuracy)} of what "
        f"passes is right. On the test photos {percent(rule.coverage)} passed without a look; {right}."
    )


def _limits(manifest: Manifest, data: DataSummary) -> str:
    measured = manifest.metrics.per_keyword
    names = [word.name for word in manifest.keywords]
    trained = {name: data.keywords.get(name, {}).get("train", 0) for name in names}
    tested = {name: measured[name].photos if name in measured else 0 for name in names}
    few = [f"{name} ({trained[name]})" for name in names if trained[name] < FEW_TRAINED]
    thin = [f"{name} ({tested[name]})" for name in names if 0 < tested[name] < FEW_TESTED]
    never = [name for name in names if not tested[name]]
    unknown = [name for name in data.keywords if name not in trained]
    lines = [
        "It has seen the cookware, light and camera positions of these shoots only; another studio's will cost "
        "accuracy until some of its photos are trained on.",
        few and f"Learned from fewer than {FEW_TRAINED} photos: {', '.join(few)}.",
        thin and f"Measured on fewer than {FEW_TESTED} photos, so their results say little: {', '.join(thin)}.",
        never and f"Never measured, since no test photo shows them: {', '.join(never)}.",
        unknown and f"In the photos, but not learned: {', '.join(unknown)}.",
        "Text in a photo, or two keywords in one photo, were not studied.",
    ]
    return "\n".join(f"- {line}" for line in lines if line)


def _graph(manifest: Manifest) -> str:
    graph = manifest.graph
    if graph is None:
        return "fp32; nothing else was tried."
    return (
        f"Pixels in, logits and an embedding out, in {graph.precision}; held against the model on {graph.photos} "
        f"validation photos. Why: {graph.reason}."
    )


def _licence(base: BaseCheckpoint) -> str:
    return f"Of the base checkpoint {base.name}: {base.licence or 'not recorded'}. {LICENCE_NOTE}"


def _origin(manifest: Manifest) -> str:
    facts = {
        "made": f"{manifest.created_at:%Y-%m-%d %H:%M} UTC",
        "code": manifest.git_sha,
        "Dagster run": manifest.dagster_run_id,
        "MLflow run": manifest.mlflow_run_id,
        "vocabulary": manifest.vocabulary_sha256,
    }
    return "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)
