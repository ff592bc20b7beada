"""Where a training stands, kept after each epoch, so that a killed run goes on instead of starting anew.

The file holds tensors, numbers and text only and is read without unpickling code.
"""

import ast
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import torch

FILE = "training_state.pt"


def save_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Replace the stored state as a whole: a kill in the middle leaves the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{uuid4().hex}.part"
    try:
        with part.open("wb") as stream:
            torch.save(dict(state), stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(folder / FILE)
    finally:
        part.unlink(missing_ok=True)


def load_state(folder: Path, key: str) -> dict[str, Any] | None:
    """The stored state, or None if there is none, it is damaged, or it belongs to another training."""
    try:
        state: dict[str, Any] = torch.load(folder / FILE, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
        return None
    return state if state.get("key") == key else None


def drop_state(folder: Path) -> None:
    """Forget the state of a training that is finished."""
    for path in folder.glob("*"):
        path.unlink(missing_ok=True)
    if folder.is_dir():
        folder.rmdir()


def random_state(order: np.random.Generator, noise: torch.Generator) -> dict[str, Any]:
    """All random state of a training: the order of photos, augmentation, dropout."""
    state: dict[str, Any] = {
        "order": repr(order.bit_generator.state), "noise": noise.get_state(), "dropout": torch.get_rng_state(),
    }  # fmt: skip
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random(state: Mapping[str, Any], order: np.random.Generator, noise: torch.Generator) -> None:
    """Take up what `random_state` gave."""
    order.bit_generator.state = ast.literal_eval(state["order"])
    noise.set_state(state["noise"])
    torch.set_rng_state(state["dropout"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
