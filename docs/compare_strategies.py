"""Compare all strategies on a studio's own test photos: `python docs/compare_strategies.py --help`.

Reads what the graph has stored (materialize `splits` and `photo_embeddings` first, by `make materialize`), trains
each strategy with several seeds, and prints a Markdown table. Results are kept in a file of JSON lines, so that a
comparison that was cut short goes on.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd

if TYPE_CHECKING:
    from recipe_assets.model.checkpoints import BaseModel
    from recipe_assets.model.fits import TrainingData
    from recipe_assets.model.pipeline import TrainingInputs

SCRATCH = "from scratch"


def compare(inputs: "TrainingInputs", names: list[str], seeds: list[int], results: Path) -> None:
    """Train and measure what is not among the results yet."""
    from recipe_assets.model.checkpoints import load_base
    from recipe_assets.model.pipeline import training_data

    done = {(row["strategy"], row["seed"]) for row in _read(results)}
    base = load_base(inputs.base)
    data = training_data(inputs, base)
    for seed in seeds:
        for name in names:
            if (name, seed) in done or (name == "zero_shot" and seed != seeds[0]):
                continue
            row = {"strategy": name, "seed": seed, **_measured(inputs, base, data, name, seed)}
            with results.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            print(row, flush=True)  # noqa: T201 (a script)


def _measured(
    inputs: "TrainingInputs", base: "BaseModel", data: "TrainingData", name: str, seed: int
) -> dict[str, float | None]:
    from recipe_assets.model.calibration import calibration_error, fit_temperature, softmax
    from recipe_assets.model.dataset import load_photos, photos_of
    from recipe_assets.model.metrics import macro_accuracy, macro_f1
    from recipe_assets.model.predicting import predict_logits
    from recipe_assets.model.strategies import STRATEGIES
    from recipe_assets.model.training import fit

    scratch = name == SCRATCH
    config = msgspec.structs.replace(STRATEGIES["full" if scratch else name], seed=seed)
    if scratch:
        config = msgspec.structs.replace(config, random_weights=True, wise_ft=False)
    start = time.monotonic()
    found = fit(base, data, config)
    seconds = time.monotonic() - start
    photos = photos_of(inputs.splits, "test", data.keywords)
    test = load_photos(inputs.tables, photos, data.keywords, base.preprocessing)
    temperature = fit_temperature(predict_logits(found.model, data.val.squares).numpy(), data.val.labels.numpy())
    logits, truth = predict_logits(found.model, test.squares).numpy(), test.labels.numpy()
    predicted, shares = logits.argmax(axis=1), softmax(logits, temperature)
    return {
        "macro_accuracy": macro_accuracy(truth, predicted),
        "macro_f1": macro_f1(truth, predicted),
        "calibration_error": calibration_error(shares.max(axis=1), predicted == truth),
        "validation": found.best.val_macro_accuracy, "validation_loss": found.best.val_loss,
        "epochs": len(found.history), "mix": found.mix, "seconds": round(seconds, 1),
    }  # fmt: skip


def _read(results: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in results.read_text().splitlines()] if results.is_file() else []


def markdown(results: Path) -> str:
    """Mean and standard deviation over the seeds, best strategy first."""
    rows = pd.DataFrame(_read(results))
    lines = [
        "| strategy | macro accuracy | macro F1 | calibration error | share of tuned weights | training |",
        "|---|---|---|---|---|---|",
    ]
    grouped = sorted(rows.groupby("strategy"), key=lambda pair: -pair[1]["macro_accuracy"].mean())
    for name, found in grouped:
        mix = found["mix"].dropna()
        lines.append(
            f"| {name} | {_spread(found['macro_accuracy'])} % | {_spread(found['macro_f1'])} % "
            f"| {_spread(found['calibration_error'])} % | {f'{mix.mean():.2f}' if len(mix) else ''} "
            f"| {found['seconds'].mean():.0f} s |"
        )
    return "\n".join(lines)


def _spread(values: "pd.Series[float]") -> str:
    if len(values) < 2:
        return f"{100 * values.mean():.1f}"
    return f"{100 * values.mean():.1f} ± {100 * values.std():.1f}"


def main() -> None:
    """Wire the studio as the graph does, compare, print."""
    from recipe_assets.defs.wiring import wire_resources
    from recipe_assets.model.pipeline import TrainingInputs
    from recipe_assets.model.strategies import STRATEGIES

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="file of JSON lines that is written")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[*STRATEGIES, SCRATCH])
    arguments = parser.parse_args()
    wired = wire_resources()
    tables = wired["storage"].tables()
    name = os.environ.get("RECIPE_BASE_CHECKPOINT") or "builtin:tiny"
    inputs = TrainingInputs(tables, tables.read("splits"), wired["vocabulary"].load(), name)
    compare(inputs, arguments.only, list(range(arguments.seeds)), arguments.results)
    print(markdown(arguments.results))  # noqa: T201 (a script)


if __name__ == "__main__":
    main()
