"""A training that was killed goes on from its last epoch and ends as if nothing had happened."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch

from recipe_assets.model import strategies
from recipe_assets.model.checkpoints import load_base
from recipe_assets.model.fits import Fit, TrainingData
from recipe_assets.model.photo_data import normalize
from recipe_assets.model.predicting import predict_logits
from recipe_assets.model.strategies import STRATEGIES, Rates, TrainingConfig
from recipe_assets.model.training import fit
from recipe_assets.model.training_state import FILE, load_state
from tests.model import colors

CONFIGS = {
    "linear_probe": {"epochs": 6, "learning_rate": 0.01},
    "lora": {"epochs": 5, "learning_rate": 5e-3, "wise_ft": False},
    "contrastive": {"epochs": 5, "learning_rate": 1e-3, "wise_ft": False},
    "full": {"epochs": 5, "patience": 9},
}


class Killed(BaseException):
    """Stands for a kill: nothing of ours catches it."""


def config(strategy: str) -> TrainingConfig:
    return msgspec.structs.replace(STRATEGIES[strategy], batch_size=12, precision="fp32", **CONFIGS[strategy])


def training(checkpoint: Path) -> tuple[object, TrainingData]:
    base = load_base(str(checkpoint))
    splits = []
    for count, seed in ((36, 1), (12, 2)):
        photos = colors.squares(count, seed)
        with torch.inference_mode():
            vectors = base.image_embeddings(normalize(photos.squares, base.preprocessing)).clone()
        splits.append(replace(photos, embeddings=vectors))
    return base, TrainingData(colors.KEYWORDS, *splits)


def same_weights(one: Fit, other: Fit) -> bool:
    first, second = one.model.state_dict(), other.model.state_dict()
    # The last digits of a product may depend on how the processor's memory happens to be aligned.
    return list(first) == list(second) and all(
        torch.allclose(first[name], second[name], atol=1e-5, rtol=1e-4) for name in first
    )


@pytest.mark.parametrize(
    ("strategy", "after"), [("linear_probe", 3), ("lora", 2), ("contrastive", 2), ("full", 3), ("full", 7)]
)
def test_a_killed_training_ends_as_one_that_was_not(
    untrained_checkpoint: Path, tmp_path: Path, strategy: str, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two learning rates are tried by the full strategy, so that one kill falls into the second."""
    monkeypatch.setitem(strategies.RATES, "full", Rates((1e-3, 1e-4), (1e-5,)))
    base, data = training(untrained_checkpoint)
    whole = fit(base, data, config(strategy))
    seen: list[object] = []

    def kill(metrics: object) -> None:
        seen.append(metrics)
        if len(seen) == after:
            raise Killed

    with pytest.raises(Killed):
        fit(base, data, config(strategy), kill, tmp_path)
    assert len(whole.history) > after
    reported: list[object] = []
    resumed = fit(base, data, config(strategy), reported.append, tmp_path)
    assert tuple(reported) == resumed.history
    assert [metrics.epoch for metrics in resumed.history] == [metrics.epoch for metrics in whole.history]
    losses = [[metrics.val_loss for metrics in found.history] for found in (resumed, whole)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert same_weights(whole, resumed)
    assert not (tmp_path / FILE).exists()


def test_a_process_killed_in_the_middle_goes_on(untrained_checkpoint: Path, tmp_path: Path) -> None:
    """A real SIGKILL after the second epoch, by another process that trains the same."""
    script = (
        "import sys; from pathlib import Path; from tests.model import test_training_state as t\n"
        "base, data = t.training(Path(sys.argv[1]))\n"
        "t.fit(base, data, t.config('full'), lambda m: print(m.epoch, flush=True), Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", script, str(untrained_checkpoint), str(tmp_path / "state")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "2":
                os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    left = torch.load(tmp_path / "state" / FILE, weights_only=True)
    assert [row[0] for row in left["history"]] == [1, 2]
    base, data = training(untrained_checkpoint)
    resumed, whole = fit(base, data, config("full"), None, tmp_path / "state"), fit(base, data, config("full"))
    # Two processes may round differently, and Adam makes steps of one size of the tiniest gradients: weights that
    # hardly matter may part, what the model says may not.
    assert [metrics.epoch for metrics in resumed.history] == [1, 2, 3, 4, 5]
    losses = [[metrics.val_loss for metrics in found.history] for found in (resumed, whole)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    logits = [predict_logits(found.model, data.val.squares) for found in (resumed, whole)]
    assert torch.allclose(*logits, atol=0.05)


def test_another_configuration_does_not_go_on_from_it(untrained_checkpoint: Path, tmp_path: Path) -> None:
    base, data = training(untrained_checkpoint)

    def kill(_: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        fit(base, data, config("full"), kill, tmp_path)
    other = msgspec.structs.replace(config("full"), seed=5)
    assert same_weights(fit(base, data, other), fit(base, data, other, None, tmp_path))


@pytest.mark.parametrize("content", [b"", b"not a state", b"PK\x03\x04 torn"])
def test_a_damaged_state_is_no_state(untrained_checkpoint: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert load_state(tmp_path, "key") is None
    base, data = training(untrained_checkpoint)
    assert len(fit(base, data, config("lora"), None, tmp_path).history) == 5


def test_a_state_that_would_run_code_is_refused(tmp_path: Path) -> None:
    """A pickle that writes a file when it is loaded."""

    class Hostile:
        def __reduce__(self) -> tuple[object, ...]:
            return (open, (str(tmp_path / "written"), "w"))

    torch.save({"key": "key", "weights": Hostile()}, tmp_path / FILE)
    assert load_state(tmp_path, "key") is None
    assert not (tmp_path / "written").exists()
