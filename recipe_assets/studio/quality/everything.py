"""All findings about a studio at once, in the order in which people should see them."""

from collections.abc import Callable

import pandas as pd

from recipe_assets.studio.quality.duplicates import (
    conflicting_labels,
    exact_duplicates,
    near_duplicate_photos,
    near_duplicates,
)
from recipe_assets.studio.quality.findings import KEY, sorted_findings
from recipe_assets.studio.quality.label_errors import label_errors, photo_groups
from recipe_assets.studio.quality.outliers import odd_photos
from recipe_assets.studio.quality.shoots import odd_shoots


def all_findings(
    raw: pd.DataFrame,
    labelled: pd.DataFrame,
    embeddings: pd.DataFrame | None = None,
    groups: pd.DataFrame | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Everything that this package finds; pure, and the same for the same tables.

    Args:
        raw: one row per file of all shoots, with metrics.
        labelled: the usable photos with their keywords.
        embeddings: shoot, file and embedding of usable photos, of a model not trained on these keywords;
            without them there are no doubtful keywords, and only hashes find near-duplicates.
        groups: shoot, file and group of photos, such as the splits table: one group is held out together;
            may lack photos. A recipe and the near-duplicates found here are held together in any case.
        on_progress: called with the name of each step before it starts.

    Returns:
        Findings with the columns of `FINDING_COLUMNS`, kinds in the order of `KINDS`, worst first.
    """
    tell = on_progress or (lambda _: None)
    tell("odd photos")
    tables = [odd_photos(raw), exact_duplicates(raw)]
    tell("near-duplicates")
    pairs = near_duplicate_photos(labelled, embeddings)
    tables += [near_duplicates(labelled, pairs), conflicting_labels(labelled, pairs)]
    if embeddings is not None:
        tell("doubtful keywords")
        held_together = photo_groups(labelled, pairs, _known_groups(labelled, groups))
        tables.append(label_errors(labelled, embeddings, held_together))
    tell("odd shoots")
    tables.append(odd_shoots(raw, embeddings))
    return sorted_findings(tables)


def _known_groups(labelled: pd.DataFrame, groups: pd.DataFrame | None) -> pd.Series | None:
    if groups is None:
        return None
    known = groups.drop_duplicates(KEY).set_index(KEY)["group"].reindex(pd.MultiIndex.from_frame(labelled[KEY]))
    return pd.Series(known.to_numpy(), index=labelled.index)
