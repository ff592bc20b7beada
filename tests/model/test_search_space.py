"""What a search may try: grids, ranges, starts, and wishes that cannot be fulfilled."""

import math
from itertools import product

import msgspec
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.pruners import MedianPruner, NopPruner, SuccessiveHalvingPruner

from recipe_assets.errors import ModelError
from recipe_assets.model.search_plan import SearchPlan, planned_settings, pruner_of, study_name
from recipe_assets.model.search_space import MEANT_FOR, ORDER, Space, space_of
from recipe_assets.model.strategies import LARGE_TOWER, STRATEGIES, learning_rates

SMALL, LARGE = 1000, LARGE_TOWER + 1


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("tower", [SMALL, LARGE])
def test_every_strategy_is_searched_around_its_default(strategy: str, tower: int) -> None:
    space = space_of(strategy, tower)
    assert strategy in ORDER
    assert set(space.settings) <= set(MEANT_FOR[strategy])
    rates = learning_rates(STRATEGIES[strategy], tower)
    if not rates:
        assert space.grid() == [{}]
        return
    low, *_, high = space.settings["learning_rate"]
    assert float(high) == pytest.approx(100 * float(low), rel=0.1)
    assert all(float(low) < rate < float(high) for rate in rates)
    start = space.config(space.start())
    changed = {"learning_rate": start.learning_rate}
    assert start == msgspec.structs.replace(STRATEGIES[strategy], **changed)
    assert math.log10(start.learning_rate) == pytest.approx(sum(map(math.log10, rates)) / len(rates), abs=0.02)


def test_a_grid_is_every_combination_once_and_what_has_one_value_is_fixed() -> None:
    space = space_of("lora", SMALL, {"learning_rate": [1e-3, 1e-2], "lora_rank": [2, 4, 2], "epochs": [7],
                                     "weight_decay": [0.1], "label_smoothing": [0.0]})  # fmt: skip
    grid = space.grid()
    assert [tuple(settings.values()) for settings in grid] == list(product([1e-3, 1e-2], [2, 4]))
    config = space.config(grid[-1])
    assert (config.strategy, config.epochs, config.weight_decay) == ("lora", 7, 0.1)
    assert (config.learning_rate, config.lora_rank) == (1e-2, 4)


def test_numbers_are_drawn_between_their_ends_and_everything_else_is_one_of_the_values() -> None:
    wanted = {
        "learning_rate": [1e-2, 1e-4],
        "weight_decay": [0, 0.3],
        "epochs": [5, 50],
        "balance": ["none", "sampling"],
    }
    drawn = space_of("full", SMALL, wanted).distributions()
    assert drawn["learning_rate"] == FloatDistribution(1e-4, 1e-2, log=True)
    assert drawn["weight_decay"] == FloatDistribution(0, 0.3)
    assert drawn["epochs"] == CategoricalDistribution((5, 50))
    assert drawn["balance"] == CategoricalDistribution(("none", "sampling"))


def test_a_start_outside_of_the_wanted_values_is_one_of_them() -> None:
    space = space_of("full", SMALL, {"epochs": [40, 60, 80], "weight_decay": [0.5, 0.7], "wise_ft": [True, False]})
    start = space.start()
    assert start["epochs"] == 60
    assert start["weight_decay"] in (0.5, 0.7)
    assert start["wise_ft"] is STRATEGIES["full"].wise_ft


@pytest.mark.parametrize(
    ("strategy", "wanted", "said"),
    [
        ("ful", {}, "there is no strategy 'ful'"),
        ("full", {"rate": [1]}, "the search space of full has no setting 'rate': choose from learning_rate"),
        ("full", {"lora_rank": [2]}, "no setting 'lora_rank'"),
        ("contrastive", {"label_smoothing": [0.1]}, "no setting 'label_smoothing'"),
        ("zero_shot", {"epochs": [2]}, "no setting 'epochs': choose from none"),
        ("full", {"epochs": []}, "no value for epochs"),
        ("full", {"epochs": [0]}, "cannot use epochs 0: epochs of the training configuration must be at least 1"),
        ("full", {"epochs": ["ten"]}, "cannot use epochs 'ten'"),
        ("full", {"balance": ["sample"]}, "cannot use balance 'sample'"),
        ("full", {"learning_rate": [0.0, 1e-3]}, "cannot use learning_rate 0.0: give numbers above 0"),
        ("full", {"weight_decay": [math.nan]}, "cannot use weight_decay nan: give finite numbers"),
        ("contrastive", {"balance": ["logit_adjustment"]}, "no logits to adjust"),
    ],
)  # fmt: skip
def test_a_space_that_makes_no_sense_is_refused_before_anything_is_trained(
    strategy: str, wanted: dict[str, list[object]], said: str
) -> None:
    with pytest.raises(ModelError, match=said) as raised:
        space_of(strategy, SMALL, wanted)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sampler": "gird"}, "no sampler 'gird'"),
        ({"prune": "hard"}, "no pruning 'hard'"),
        ({"trials": 0}, "0 trials"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        SearchPlan(**wrong)


def test_a_grid_that_is_larger_than_the_plan_is_refused_whole() -> None:
    space = space_of("full", SMALL)
    assert len(space.grid()) == 27
    with pytest.raises(ModelError, match=r"the grid of full has 27 combinations, and trials is 12: raise it"):
        planned_settings(space, SearchPlan(sampler="grid"))
    assert planned_settings(space, SearchPlan(sampler="grid", trials=27)) == space.grid()


def test_a_space_without_ranges_is_drawn_from_without_repetition_starting_with_the_default() -> None:
    space = Space(STRATEGIES["full"], {"epochs": (10, 20, 30), "batch_size": (32, 64)})
    few, all_of_it, more = (planned_settings(space, SearchPlan(trials=trials)) for trials in (3, 6, 20))
    assert all_of_it == more
    assert few == all_of_it[:3]
    assert few[0] == {"epochs": 20, "batch_size": 64}
    assert sorted(map(str, all_of_it)) == sorted(map(str, space.grid()))
    assert planned_settings(space, SearchPlan(trials=6, seed=1)) != all_of_it


@pytest.mark.parametrize(
    ("prune", "pruner"), [("median", MedianPruner), ("halving", SuccessiveHalvingPruner), ("none", NopPruner)]
)
def test_nothing_is_given_up_where_ways_to_balance_compete(prune: str, pruner: type) -> None:
    plan = SearchPlan(prune=prune)
    assert type(pruner_of(plan, space_of("full", SMALL))) is pruner
    balances = {"balance": ["none", "sampling", "logit_adjustment"]}
    assert type(pruner_of(plan, space_of("full", SMALL, balances))) is NopPruner


def test_a_study_is_known_by_all_that_decides_its_trials_but_not_by_their_number() -> None:
    space, plan = space_of("full", SMALL), SearchPlan()
    name = study_name("data", space, plan)
    assert name == study_name("data", space, SearchPlan(trials=99, seconds=3.0))
    others = [
        study_name("other data", space, plan),
        study_name("data", space_of("full", LARGE), plan),
        study_name("data", space_of("full", SMALL, {"epochs": [3]}), plan),
        study_name("data", space_of("full", SMALL, seed=3), plan),
        study_name("data", space_of("lora", SMALL), plan),
        *(
            study_name("data", space, SearchPlan(**change))
            for change in ({"sampler": "random"}, {"seed": 1}, {"prune": "none"})
        ),
    ]
    assert len({name, *others}) == 1 + len(others)
