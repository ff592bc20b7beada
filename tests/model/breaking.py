"""How tests break a checkpoint, and what they expect to be told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recipe_assets.errors import ModelError
from recipe_assets.model.checkpoints import load_base

WEIGHTS = "model.safetensors"
CURE = "set RECIPE_BASE_CHECKPOINT to builtin:tiny, a folder with a CLIP or SigLIP checkpoint"


def error_of(name: Path | str) -> str:
    """The one line that loading fails with."""
    with pytest.raises(ModelError) as raised:
        load_base(str(name))
    message = str(raised.value)
    assert "\n" not in message
    assert str(name) in message
    return message


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON file in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
