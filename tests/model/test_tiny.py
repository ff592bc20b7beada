"""`builtin:tiny` on freshly drawn photos of the 17 keywords: it knows something, an untrained model does not."""

from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import torch
from transformers import CLIPModel

from recipe_assets.model.checkpoints import BaseModel, load_base
from recipe_assets.model.identity import BUILTIN
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.metrics import macro_accuracy
from recipe_assets.model.photo_data import PhotoData, normalize
from recipe_assets.model.predicting import predict_logits
from recipe_assets.model.strategies import STRATEGIES
from recipe_assets.model.training import TrainingData, fit
from recipe_assets.release.manifest import ReleasedKeyword
from recipe_assets.studio.photos import crop_square
from recipe_assets.studio.sample import draw_step
from recipe_assets.studio.vocabulary import load_vocabulary

WORDS = load_vocabulary().keywords
KEYWORDS = [ReleasedKeyword(name=word.name, prompt=word.prompt, pipeline=word.pipeline) for word in WORDS]


@cache
def drawn(photos: int, seed: int) -> PhotoData:
    """So many photos of each keyword, drawn small, each of another recipe."""
    size = load_base("builtin:tiny").preprocessing.size
    labels = [label for label in range(len(KEYWORDS)) for _ in range(photos)]
    squares = [
        crop_square(draw_step(KEYWORDS[label].name, np.random.default_rng([seed, place]), size=(180, 120)), size)
        for place, label in enumerate(labels)
    ]
    return PhotoData(torch.from_numpy(np.stack(squares).transpose(0, 3, 1, 2).copy()), torch.tensor(labels))


def accuracy(model: KeywordModel, data: PhotoData) -> float:
    return macro_accuracy(data.labels.numpy(), predict_logits(model, data.squares).argmax(dim=1).numpy())


def untrained() -> BaseModel:
    tiny = load_base("builtin:tiny")
    torch.manual_seed(1)
    return BaseModel(CLIPModel(tiny.encoder.config).eval(), tiny.tokenizer, tiny.preprocessing, tiny.source)


def test_its_weights_stay_under_twelve_megabytes() -> None:
    folder = BUILTIN["builtin:tiny"]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 12_000_000


def test_an_untrained_model_fails_on_the_sample() -> None:
    assert accuracy(KeywordModel.from_base(untrained(), KEYWORDS), drawn(8, seed=1)) < 0.2


def test_zero_shot_is_far_above_chance() -> None:
    assert accuracy(KeywordModel.from_base(load_base("builtin:tiny"), KEYWORDS), drawn(8, seed=1)) > 0.85


def test_a_few_photos_teach_it_what_its_prompts_are_called_elsewhere() -> None:
    """With keywords whose prompts say nothing, twelve photos a keyword take it from chance to nearly all."""
    nameless = tuple(
        ReleasedKeyword(word.name, f"thing number {place}", "x") for place, word in enumerate(KEYWORDS)
    )
    base, data = load_base("builtin:tiny"), TrainingData(nameless, drawn(12, seed=2), drawn(3, seed=3))
    untuned = KeywordModel.from_base(base, nameless)
    assert accuracy(untuned, drawn(8, seed=1)) < 0.3
    config = msgspec.structs.replace(STRATEGIES["lp_ft"], epochs=4)
    tuned = fit(base, with_embeddings(base, data), config).model
    assert accuracy(tuned, drawn(8, seed=1)) > 0.85


def with_embeddings(base: BaseModel, data: TrainingData) -> TrainingData:
    sides = []
    for side in (data.train, data.val):
        with torch.inference_mode():
            parts = [base.image_embeddings(normalize(part, base.preprocessing)) for part in side.squares.split(64)]
        sides.append(replace(side, embeddings=torch.cat(parts).clone()))
    return TrainingData(data.keywords, *sides)
