"""The errors of writing metadata.

Here: the error classes of this package and the wording that its modules share. Reading raises none of them:
what cannot be read counts as not there.
"""

from recipe_assets.errors import RecipeError


class MetadataError(RecipeError):
    """Keywords cannot be written into this photo without a risk to what is in it."""


class UnwritableFormatError(MetadataError):
    """The photo is of a kind that keywords are not written into; a sidecar can carry them."""


def damaged(what: str, problem: str) -> MetadataError:
    """The error for a structure that contradicts itself.

    Args:
        what: the damaged thing, as in "the JPEG".
        problem: what is wrong and where, as in "the segment at byte 20 is cut off".
    """
    return MetadataError(f"{what} is damaged: {problem}; export the photo again and repeat")
