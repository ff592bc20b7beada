"""What a release says of itself as lines for people and JSON for programs: one, a list of them, two compared.

Everything is read from manifests and pointers; nothing is measured here.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from recipe_assets.errors import NoSuchReleaseError
from recipe_assets.release.decisions import Decision
from recipe_assets.release.manifest import Manifest
from recipe_assets.release.store import ReleaseStore

CURRENT, WAITING = "current", "waits for approval"
_MARKS = {CURRENT: "*", WAITING: "?"}


class Fact(NamedTuple):
    """One thing that a release says; where `is_share`, a number of 0-1 that people read in percent."""

    name: str
    value: object
    is_share: bool = False

    @property
    def text(self) -> str:
        """The value for people."""
        if self.value is None:
            return "not known"
        if self.is_share and isinstance(self.value, float):
            return f"{100 * self.value:.1f} %"
        return f"{self.value:g}" if isinstance(self.value, float) else str(self.value)


class Difference(msgspec.Struct, frozen=True):
    """What two releases say differently; None where one of them says nothing."""

    what: str
    before: object
    after: object


def marks(store: ReleaseStore) -> dict[str, str]:
    """What is special about a release, by id."""
    current, candidate = store.read_pointer(), store.read_candidate()
    found = {candidate.release_id: WAITING} if candidate else {}
    return found | ({current.pointer.release_id: CURRENT} if current else {})


def full_id(store: ReleaseStore, name: str) -> str | None:
    """The id that a name stands for: current, previous, candidate, an id, or its beginning; None if none does.

    Raises:
        NoSuchReleaseError: if it is the beginning of several.
    """
    current, candidate = store.read_pointer(), store.read_candidate()
    special = {
        "current": current.pointer.release_id if current else None,
        "previous": current.pointer.previous if current else None,
        "candidate": candidate.release_id if candidate else None,
    }
    if name in special:
        return special[name]
    ids = [manifest.release_id for manifest in store.list_releases()]
    found = [name] if name in ids else [one for one in ids if name and one.startswith(name)]
    if len(found) > 1:
        raise NoSuchReleaseError(f"'{name}' is the beginning of {len(found)} releases: {', '.join(found)}")
    return found[0] if found else None


def find(store: ReleaseStore, name: str) -> Manifest:
    """The manifest of the release that a name stands for.

    Raises:
        NoSuchReleaseError: if there is none.
        ReleaseError: if the store cannot be reached.
    """
    release_id = full_id(store, name)
    manifests = store.list_releases()
    found = [manifest for manifest in manifests if manifest.release_id == release_id]
    if not found:
        raise NoSuchReleaseError(f"{store.store_url} {_lack(name, manifests)}")
    return found[0]


def _lack(name: str, manifests: Sequence[Manifest]) -> str:
    if name == "previous" and len(manifests) == 1:
        return f"has only one release, {manifests[0].release_id}: there is nothing before it to show or to compare"
    if name == "previous" and manifests:
        return "has no release before the current one: name one, see `recipe releases list`"
    return f"has no release '{name}': see `recipe releases list`"


def as_line(manifest: Manifest, mark: str, decision: Decision | None, as_json: bool) -> str:
    """A release as one line of a list."""
    accuracy = manifest.metrics.macro_accuracy
    if as_json:
        line = {
            "release_id": manifest.release_id, "mark": mark or None, "created_at": manifest.created_at,
            "macro_accuracy": accuracy, "decision": decision,
        }  # fmt: skip
        return msgspec.json.encode(line).decode()
    decided = f"  {decision}" if decision else ""
    return f"{_MARKS.get(mark, ' ')} {manifest.release_id}  macro accuracy {100 * accuracy:.1f} %{decided}"


def described(manifest: Manifest, mark: str, decision: Decision | None) -> str:
    """A release in full, for people."""
    state = "; ".join(str(part) for part in (mark, decision) if part)
    lines = [f"{'release':<22}{manifest.release_id}{f'  ({state})' if state else ''}"]
    lines += [f"{fact.name:<22}{fact.text}" for fact in facts(manifest)]
    lines.append("")
    longest = max(len(word.name) for word in manifest.keywords)
    lines.append(f"{'keyword':<{longest}}  accuracy  photos  pipeline")
    for word in manifest.keywords:
        measured = manifest.metrics.per_keyword.get(word.name)
        accuracy = Fact("", measured.accuracy if measured else None, is_share=True).text
        photos = measured.photos if measured else 0
        lines.append(f"{word.name:<{longest}}  {accuracy:>9} {photos:>7}  {word.pipeline}")
    return "\n".join(lines)


def differences(old: Manifest, new: Manifest, as_json: bool) -> str:
    """What the new release says otherwise than the old one."""
    before, after = ({fact.name: fact for fact in _all_facts(one)} for one in (old, new))
    names = [name for name in {**before, **after} if _value(before.get(name)) != _value(after.get(name))]
    if as_json:
        found = [Difference(name, _value(before.get(name)), _value(after.get(name))) for name in names]
        return msgspec.json.encode(
            {"old": old.release_id, "new": new.release_id, "differences": found}, enc_hook=str
        ).decode()
    lines = [f"{old.release_id} -> {new.release_id}"]
    lines += [f"  {name:<32}{_change(before.get(name), after.get(name))}" for name in names]
    if not names:
        lines.append("  the manifests say the same")
    if old.metrics.photos != new.metrics.photos:
        lines.append(
            "accuracies stand for different test photos: see model_comparison in the UI for the same ones"
        )
    return "\n".join(lines)


def facts(manifest: Manifest) -> Iterator[Fact]:
    """What a release says as a whole, in the order in which people ask."""
    metrics, review, graph, base = manifest.metrics, manifest.review, manifest.graph, manifest.base_checkpoint
    yield Fact("created", f"{manifest.created_at:%Y-%m-%d %H:%M} UTC")
    yield Fact("macro accuracy", metrics.macro_accuracy, is_share=True)
    low, high = metrics.macro_accuracy_interval
    yield Fact("95 % interval", f"{100 * low:.1f} to {100 * high:.1f} %")
    yield Fact("macro F1", metrics.macro_f1, is_share=True)
    yield Fact("among first three", metrics.top3_accuracy, is_share=True)
    yield Fact("test photos", metrics.photos)
    yield Fact("before training", metrics.zero_shot_macro_accuracy, is_share=True)
    yield Fact("linear probe", metrics.linear_probe_macro_accuracy, is_share=True)
    yield Fact("calibration error", metrics.calibration_error, is_share=True)
    yield Fact("need no look", review.coverage if review else None, is_share=True)
    yield Fact("of these right", review.accuracy if review else None, is_share=True)
    yield Fact("graph", graph.precision if graph else None)
    yield Fact("strategy", manifest.strategy)
    yield Fact("base checkpoint", base.name)
    yield Fact("licence", base.licence)
    yield Fact("base revision", base.revision)
    yield Fact("input size", manifest.preprocessing.size)
    yield Fact("temperature", manifest.temperature)
    yield Fact("megabytes", round(manifest.bytes / 1e6, 1))
    yield Fact("data", manifest.data_fingerprint[:16])
    yield Fact("vocabulary", manifest.vocabulary_sha256[:16])
    yield Fact("git commit", manifest.git_sha)
    yield Fact("Dagster run", manifest.dagster_run_id)
    yield Fact("MLflow run", manifest.mlflow_run_id)


def _all_facts(manifest: Manifest) -> Iterator[Fact]:
    yield from facts(manifest)
    thresholds = manifest.review.thresholds if manifest.review else {}
    for word in manifest.keywords:
        yield Fact(f"{word.name}: prompt", word.prompt)
        yield Fact(f"{word.name}: pipeline", word.pipeline)
        measured = manifest.metrics.per_keyword.get(word.name)
        yield Fact(f"{word.name}: accuracy", measured.accuracy if measured else None, is_share=True)
        yield Fact(f"{word.name}: photos", measured.photos if measured else 0)
        yield Fact(f"{word.name}: review below", thresholds.get(word.name), is_share=True)


def _value(fact: Fact | None) -> object:
    return fact.value if fact else None


def _change(before: Fact | None, after: Fact | None) -> str:
    said = " -> ".join(fact.text if fact else "none" for fact in (before, after))
    old, new = _value(before), _value(after)
    if after and after.is_share and isinstance(old, float) and isinstance(new, float):
        said += f" ({100 * (new - old):+.1f} points)"
    return said
