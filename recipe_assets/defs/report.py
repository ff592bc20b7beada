"""The main job's short report, from what is stored."""

from collections.abc import Sequence

import pandas as pd

from recipe_assets.release.store import ReleaseStore
from recipe_assets.storage import TableStore
from recipe_assets.studio.labels import reason_kind

SHOWN = 12
"""Rejects and photos without keyword that are listed by name; the UI has all of them."""


def report(tables: TableStore, store: ReleaseStore, held_back: Sequence[str]) -> str:
    """Photos, rejects, keywords, split sizes, macro accuracy with its interval, release id."""
    raw = _all(tables, "raw_images", ["shoot", "file", "problem"])
    labelled = _all(tables, "standardized_keywords", ["shoot", "file", "keyword", "reason"])
    sizes = tables.read("splits", None, ["split"])["split"].value_counts()
    manifest, waiting = store.current_manifest(), store.candidate_manifest()
    rejects = raw[raw["problem"].notna()].rename(columns={"problem": "reason"})
    unmapped = labelled[labelled["keyword"].isna()]
    lines = ["", *(f"held back       {shoot}" for shoot in held_back)]
    lines.append(f"photos          {int(raw['problem'].isna().sum())} in {raw['shoot'].nunique()} shoots")
    lines += _listed("rejects", rejects)
    lines += _listed("no keyword", unmapped)
    lines.append(f"keywords        {labelled['keyword'].nunique()}")
    lines.append(
        "splits          " + ", ".join(f"{side} {int(sizes.get(side, 0))}" for side in ("train", "val", "test"))
    )
    if manifest is not None:
        metrics = manifest.metrics
        low, high = metrics.macro_accuracy_interval
        lines.append(
            f"macro accuracy  {100 * metrics.macro_accuracy:.1f} % (95 % interval {100 * low:.1f} to "
            f"{100 * high:.1f}) on {metrics.photos} photos of unseen recipes"
        )
        lines.append(f"release         {manifest.release_id} in {store.store_url}")
    if waiting is not None:
        accuracy = f"macro accuracy {100 * waiting.metrics.macro_accuracy:.1f} %"
        lines.append(f"waits           {waiting.release_id}, {accuracy}: see model_release in the UI")
    return "\n".join(lines)


def _all(tables: TableStore, name: str, columns: list[str]) -> pd.DataFrame:
    return pd.concat([tables.read(name, shoot, columns) for shoot in tables.partitions(name)], ignore_index=True)


def _listed(title: str, photos: pd.DataFrame) -> list[str]:
    kinds = reason_kind(photos["reason"]).value_counts()
    summary = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    lines = [f"{title:<16}{len(photos)}" + (f" ({summary})" if summary else "")]
    lines += [f"  {row.shoot}/{row.file}: {row.reason}" for row in photos.head(SHOWN).itertuples()]
    if len(photos) > SHOWN:
        lines.append(f"  ... and {len(photos) - SHOWN} more, all listed in the UI")
    return lines
