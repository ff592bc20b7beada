"""What can go wrong with a photo or with the service, each in one line for a person."""

from recipe_assets.errors import RecipeError


class KeywordingError(RecipeError):
    """A photo, or the folder it is in, cannot be keyworded or put back."""


class PhotoChangedError(KeywordingError):
    """Somebody saved the photo while it was worked on."""


class UndoError(KeywordingError):
    """What an undo needs is damaged."""


class ServiceError(RecipeError):
    """The API gave no usable answer for a photo, though it was asked again and again."""


class ServiceRefusedError(ServiceError):
    """The API will not answer any photo: a wrong key, a wrong address, a certificate that is not trusted."""
