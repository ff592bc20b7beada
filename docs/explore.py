"""Explore a release: zero-shot against fine-tuned, nearest neighbors, free text. Writes `docs/exploration.md`.

`python docs/explore.py --photos dagster_home/sample/later/HF_Y24_W44`, after `make run`. The page shows the very
functions that ran: copy them into a notebook, and go on from there.
"""

import argparse
import inspect
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_assets.release.predictor import Prediction, Predictor
from recipe_assets.release.store import open_store

if TYPE_CHECKING:
    from recipe_assets.model.keyword_model import KeywordModel

DOCS = Path(__file__).parent
PICTURED, EXPLAINED, NEIGHBORS = 12, 3, 5


NEIGHBORS_PICTURE = "![Photos with their nearest training photos](images/exploration_neighbors.jpg)"
PAGE = """# Exploring a release

Written by [docs/explore.py](explore.py), which ran every function that is shown here; a test runs it again on a
small release. What comes out for drawn photos says nothing of yours: run it with your own release and photos.

```sh
.venv/bin/python docs/explore.py --photos /photos/shoots/week-41 --into /tmp/exploration
```

## Load it

{load_release}

Release `{release}`: {keywords} keywords, tuned from {base} by `{strategy}`, macro accuracy {accuracy} %
on {held_out} held-out photos.

## Zero-shot against fine-tuned

Zero-shot is the checkpoint before any training: it compares a photo with sentences such as
"a photo of a {prompt}." The release has learned from the studio's own photos.

{load_zero_shot}

{zero_shot_rank}

{compare}

Of {photos} photos with one keyword of their own, zero-shot names {zero_shot} as the person did, the release
{tuned}. Below, first those on which they differ: the release's answer in percent, under it that of zero-shot;
x marks one that is not the person's.

![Photos with the answers of both](images/exploration_answers.jpg)

{table}

## Nearest neighbors

A release carries small pictures of the photos that it learned from. The nearest ones, by the cosine of what the
tuned tower sees, explain an answer best: `release.explain(photo, {count})`, or `?nearest={count}` of the API.
Where they bear another keyword than the answer, a person should look.

{neighbors}

## Any sentence

The text tower knows more than the keywords.

{search}

What it finds for "{text}":

{found}
"""


class Photo(NamedTuple):
    """A photo and the keyword that a person gave it."""

    name: str
    content: bytes
    keyword: str


class Answers(NamedTuple):
    """What both models say of a photo, best keyword first."""

    photo: Photo
    zero_shot: list[Prediction]
    fine_tuned: list[Prediction]


def load_release(store: str, into: Path) -> Predictor:
    """The current release of a store, every file verified: what API and graph answer with."""
    releases = open_store(store)
    current = releases.read_pointer()
    if current is None:
        raise SystemExit(f"{store} has no release yet: run `recipe materialize`")
    releases.fetch(current.pointer.release_id, into, current.pointer.manifest_sha256)
    return Predictor.load(into)


def load_zero_shot(base: str, release: Predictor) -> "KeywordModel":
    """The checkpoint that training started from, with the prompts as its only knowledge of the keywords."""
    from recipe_assets.model.checkpoints import load_base
    from recipe_assets.model.keyword_model import KeywordModel

    return KeywordModel.from_base(load_base(base), release.manifest.keywords)


def zero_shot_rank(model: "KeywordModel", photo: bytes, top: int = 3) -> list[Prediction]:
    """The likeliest keywords of a photo by its similarity to the prompts."""
    import torch

    from recipe_assets.studio.photos import preprocess

    pixels = torch.from_numpy(preprocess(photo, model.base.preprocessing))[None]
    with torch.inference_mode():
        shares = model(pixels).softmax(dim=-1)[0]
    best = shares.topk(min(top, len(shares)))
    return [
        Prediction(model.keywords[place].name, round(100 * float(share), 1))
        for share, place in zip(best.values, best.indices.tolist(), strict=True)
    ]


def compare(model: "KeywordModel", release: Predictor, photos: Sequence[Photo]) -> list[Answers]:
    """Both models' answers to the same photos."""
    return [Answers(photo, zero_shot_rank(model, photo.content), release.rank(photo.content)) for photo in photos]


def search(model: "KeywordModel", text: str, photos: Sequence[Photo]) -> list[tuple[float, Photo]]:
    """Photos by their similarity to any sentence, most similar first: nobody has to know the keywords."""
    import numpy as np
    import torch

    from recipe_assets.studio.photos import preprocess

    pixels = torch.from_numpy(np.stack([preprocess(photo.content, model.base.preprocessing) for photo in photos]))
    with torch.inference_mode():
        cosines = (model.base.image_embeddings(pixels) @ model.base.text_embeddings([text]).T)[:, 0].tolist()
    return sorted(zip(cosines, photos, strict=True), key=lambda pair: -pair[0])


def read_photos(folder: Path, keywords: Sequence[str]) -> list[Photo]:
    """The photos of a folder whose own metadata name exactly one of the keywords."""
    from recipe_assets.studio.metadata import read_keywords
    from recipe_assets.studio.photos import FORMATS
    from recipe_assets.studio.vocabulary import Keyword, Vocabulary, load_vocabulary

    given = os.environ.get("RECIPE_VOCABULARY")
    known = load_vocabulary(Path(given)) if given else load_vocabulary()
    if not set(keywords) <= set(known.names):
        known = Vocabulary(tuple(Keyword(name, name) for name in keywords))
    extensions = tuple(extension for one in FORMATS for extension in one.extensions)
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in extensions):
        words = known.known(read_keywords(path.read_bytes()).effective)
        if len(words) == 1 and words[0] in keywords:
            found.append(Photo(path.name, path.read_bytes(), words[0]))
    return found


def readable(photos: Sequence[Photo]) -> list[Photo]:
    """Those that can be decoded: a real folder holds others, too."""
    from recipe_assets.errors import UnreadablePhotoError
    from recipe_assets.studio.photos import open_photo

    kept = []
    for photo in photos:
        try:
            open_photo(photo.content)
        except UnreadablePhotoError:
            continue
        kept.append(photo)
    return kept


def examples(answers: Sequence[Answers], count: int) -> list[Answers]:
    """A few photos, those first on which the models differ, and no keyword twice while there are others."""
    ranked = sorted(answers, key=lambda one: one.zero_shot[0].keyword == one.fine_tuned[0].keyword)
    first = {one.photo.keyword: one for one in reversed(ranked)}
    chosen = [one for one in ranked if first[one.photo.keyword] is one]
    return (chosen + [one for one in ranked if one not in chosen])[:count]


def answers_sheet(answers: Sequence[Answers]) -> bytes:
    """The photos, each with what both models say."""
    from recipe_assets.figures import contact_sheet

    cells = []
    for one in answers:
        said = [f"{_mark(one, best[0])}{best[0].keyword} {best[0].confidence:.0f}" for best in one[1:]]
        cells.append((f"{said[1]}\n{said[0]}", one.photo.content))
    return contact_sheet(cells, columns=4)


def neighbors_sheet(release: Predictor, answers: Sequence[Answers]) -> bytes | None:
    """Photos, each in a row with the training photos that are nearest to it; None if the release has none."""
    from recipe_assets.figures import contact_sheet

    cells: list[tuple[str, bytes | None]] = []
    for one in answers:
        near = release.explain(one.photo.content, NEIGHBORS)
        if near is None or release.neighbors is None:
            return None
        cells.append((f"{one.fine_tuned[0].keyword}\nthis photo", one.photo.content))
        cells += [
            (f"{other.keyword}\ncosine {other.similarity:.2f}", release.neighbors.thumbnail(other.place))
            for other in near
        ]
    return contact_sheet(cells, columns=1 + NEIGHBORS, width=160)


def page(release: Predictor, answers: Sequence[Answers], found: list[tuple[float, Photo]], text: str) -> str:
    """The Markdown of the page."""
    manifest = release.manifest
    functions = (load_release, load_zero_shot, zero_shot_rank, compare, search)
    return PAGE.format(
        **{function.__name__: _source(function) for function in functions},
        release=manifest.release_id,
        keywords=len(manifest.keywords),
        base=manifest.base_checkpoint.name,
        strategy=manifest.strategy,
        accuracy=f"{100 * manifest.metrics.macro_accuracy:.1f}",
        held_out=manifest.metrics.photos,
        prompt=manifest.keywords[0].prompt,
        photos=len(answers),
        zero_shot=sum(one.zero_shot[0].keyword == one.photo.keyword for one in answers),
        tuned=sum(one.fine_tuned[0].keyword == one.photo.keyword for one in answers),
        table=_table(examples(answers, PICTURED)),
        count=NEIGHBORS,
        neighbors=NEIGHBORS_PICTURE if release.neighbors else "This release carries none.",
        text=text,
        found=_ranking(found),
    )


def _source(function: Callable[..., object]) -> str:
    return f"```python\n{inspect.getsource(function).rstrip()}\n```"


def _mark(one: Answers, best: Prediction) -> str:
    return "" if best.keyword == one.photo.keyword else "x "


def _table(answers: Sequence[Answers]) -> str:
    lines = ["| photo | the person | zero-shot | fine-tuned |", "|---|---|---|---|"]
    for one in answers:
        said = [", ".join(f"{guess.keyword} {guess.confidence:.1f} %" for guess in best[:2]) for best in one[1:]]
        lines.append(f"| `{one.photo.name}` | {one.photo.keyword} | {said[0]} | {said[1]} |")
    return "\n".join(lines)


def _ranking(found: list[tuple[float, Photo]]) -> str:
    lines = ["| cosine | the person's keyword | photo |", "|---|---|---|"]
    return "\n".join(lines + [f"| {cosine:.3f} | {photo.keyword} | `{photo.name}` |" for cosine, photo in found])


def explore(store: str, base: str | None, folder: Path, text: str, into: Path) -> None:
    """Ask both models about the photos of a folder, and write page and pictures."""
    with tempfile.TemporaryDirectory() as scratch:
        release = load_release(store, Path(scratch) / "release")
        name = base or release.manifest.base_checkpoint.name
        model = load_zero_shot(name, release)
        photos = readable(read_photos(folder, [word.name for word in release.manifest.keywords]))
        if not photos:
            raise SystemExit(f"{folder} has no photo with a keyword of this release: name another by --photos")
        answers = compare(model, release, photos)
        shown = examples(answers, PICTURED)
        (into / "images").mkdir(parents=True, exist_ok=True)
        (into / "images" / "exploration_answers.jpg").write_bytes(answers_sheet(shown))
        if sheet := neighbors_sheet(release, shown[:EXPLAINED]):
            (into / "images" / "exploration_neighbors.jpg").write_bytes(sheet)
        found = search(model, text, photos)[:NEIGHBORS]
        (into / "exploration.md").write_text(page(release, answers, found, text), encoding="utf-8")


def main() -> None:
    """Read the arguments."""
    home = Path(os.environ.get("DAGSTER_HOME") or DOCS.parent / "dagster_home").absolute()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", default=os.environ.get("RECIPE_RELEASES") or (home / "releases").as_uri())
    parser.add_argument("--base", help="the base checkpoint; by default the one that the release names")
    parser.add_argument("--photos", type=Path, default=home / "sample" / "later", help="a folder with keywords")
    parser.add_argument("--text", default="an overhead photo of vegetables on a wooden board")
    parser.add_argument("--into", type=Path, default=DOCS)
    arguments = parser.parse_args()
    explore(arguments.store, arguments.base, arguments.photos, arguments.text, arguments.into)


if __name__ == "__main__":
    main()
