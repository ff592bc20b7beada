"""What a keyword reads like to a text tower: an ensemble of sentences around its prompt.

The prompts themselves come from the vocabulary; what the head made of them learns is `keyword_model`'s subject.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from recipe_assets.model.checkpoints import BaseModel
from recipe_assets.release.manifest import ReleasedKeyword

PROMPTS = (
    "a photo of a {}.",
    "a top-down photo of a {}.",
    "an overhead photo of a {}.",
    "a {} seen from above.",
    "a {} on a kitchen counter.",
    "a cooking step with a {}.",
    "a studio product photo of a {}.",
)
"""Views of a recipe studio, step photos and packshots; the first is the one that CLIP was published with.

None says "close-up": the default vocabulary has that as a keyword. On 612 drawn photos, builtin:tiny names 83.3 %
with all seven and 82.2 % with the first alone; a template with "close-up" in it, alone, 57 %.
"""


def prompt_embeddings(base: BaseModel, keywords: Sequence[ReleasedKeyword]) -> Tensor:
    """Unit vectors (K, D): per keyword the normalized mean of its unit embeddings in every template.

    Averaged in embedding space, as Radford et al. 2021 (arXiv:2103.00020), section 3.1.4.
    """
    texts = [template.format(word.prompt) for word in keywords for template in PROMPTS]
    every = base.text_embeddings(texts).reshape(len(keywords), len(PROMPTS), -1)
    return nn.functional.normalize(every.mean(dim=1), dim=-1)
