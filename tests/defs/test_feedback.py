"""The feedback loop as Dagster runs it: from an edit by ExifTool in the outbox to the next training's label."""

import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource

from recipe_assets.defs import feedback, sensors
from recipe_assets.defs.feedback import (
    edits_are_clear,
    live_accuracy,
    people_agree,
    released_model_holds_up,
    reviewed_keywords,
)
from recipe_assets.defs.feedback_sensor import new_reviews, read_reviews
from recipe_assets.defs.io_managers import TableIOManager
from recipe_assets.defs.keywords import standardized_keywords
from recipe_assets.defs.main_job import MainJob, MainJobError
from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.resources import (
    BaseCheckpointResource,
    OutboxResource,
    ReleaseStoreResource,
    ReviewResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
)
from recipe_assets.defs.review import review_queue
from recipe_assets.defs.sensors import new_shoots
from recipe_assets.studio.arrivals import embed_attributes
from recipe_assets.studio.quality.findings import findings_table
from recipe_assets.studio.review import COLUMNS, read_queue, write_queue
from recipe_assets.studio.split_state import pending_fingerprint
from tests.outbox.shop import BY_A_PERSON, RED, SHOOT, VOCABULARY, Shop, usual_photos
from tests.review.desk import Desk

BASE = "builtin:tiny"


class Graph(Desk):
    """The part of the graph around one keyworded shoot, on its stored tables."""

    instance: dg.DagsterInstance

    def __init__(self, root: Path) -> None:
        super().__init__(Shop(root, str(root / "outbox")))
        s3 = S3Resource()
        (root / "vocabulary.yaml").write_text(VOCABULARY)
        self.queue = root / "review.csv"
        self.resources = {
            "studio": StudioResource(location=str(root / "studio"), s3=s3),
            "outbox": OutboxResource(location=str(root / "outbox"), s3=s3),
            "releases": ReleaseStoreResource(url=(root / "releases").as_uri(), s3=s3),
            "review": ReviewResource(path=str(self.queue)),
            "vocabulary": VocabularyResource(path=str(root / "vocabulary.yaml")),
            "storage": StorageResource(root=str(root / "tables")),
            "base": BaseCheckpointResource(name=BASE),
        }

    def read(self) -> dg.ExecuteInProcessResult:
        """What the job read_reviews does."""
        upstream = dg.AssetSpec("keyworded_shoot", partitions_def=shoots)
        mine = [reviewed_keywords, live_accuracy, edits_are_clear, people_agree, released_model_holds_up]
        return self.run([upstream, *mine], mine[:2])

    def standardize(self) -> dg.ExecuteInProcessResult:
        """What the job standardize does for the shoot."""
        self.instance.add_dynamic_partitions(str(shoots.name), [SHOOT])
        upstream = dg.AssetSpec("raw_images", partitions_def=shoots)
        return self.run([upstream, standardized_keywords], [standardized_keywords], SHOOT)

    def run(
        self, assets: list[object], selection: list[dg.AssetsDefinition], partition: str | None = None
    ) -> dg.ExecuteInProcessResult:
        resources = self.resources | {"io_manager": TableIOManager(root=str(self.shop.tables.root))}
        return dg.materialize(
            assets,  # type: ignore[arg-type]
            selection=selection,
            instance=self.instance,
            resources=resources,
            partition_key=partition,
            raise_on_error=False,
        )

    def tick(self) -> str | dg.RunRequest:
        """The reason why the sensor skips, or its request."""
        names = ("outbox", "releases", "storage", "vocabulary")
        resources = {name: self.resources[name] for name in names}
        with dg.build_sensor_context(instance=self.instance, resources=resources) as context:
            outcome = new_reviews(context)
        if isinstance(outcome, dg.SkipReason):
            return str(outcome.skip_message)
        assert isinstance(outcome, dg.RunRequest)
        return outcome

    def requested_by_new_shoots(self) -> list[tuple[str | None, str | None]]:
        """What the sensor of the studio asks for after the shoot has been still."""
        names = ("studio", "vocabulary", "review", "base", "storage")
        resources, cursor = {name: self.resources[name] for name in names}, None
        for _ in range(2):
            with dg.build_sensor_context(instance=self.instance, cursor=cursor, resources=resources) as context:
                outcome = new_shoots(context)
            assert isinstance(outcome, dg.SensorResult)
            cursor = outcome.cursor
        return [(request.job_name, request.partition_key) for request in outcome.run_requests or []]


@pytest.fixture(scope="module")
def keyworded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("keyworded")
    shop = Shop(root, str(root / "outbox"))
    shop.put({name: photo for name, photo in usual_photos().items() if name != "broken.jpg"})
    shop.publish()
    shop.keyword()
    raw = shop.tables.read("raw_images", SHOOT, ["shoot", "file"])
    files = (shop.tables.attributes("raw_images", SHOOT) or {})["files"]
    made_from = embed_attributes(files, BaseCheckpointResource(name=BASE).identity())
    shop.tables.write(raw, "photo_embeddings", SHOOT, made_from)
    return root


@pytest.fixture
def graph(keyworded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    monkeypatch.setattr(sensors, "SETTLE_SECONDS", 0)
    root = tmp_path / "shop"
    shutil.copytree(keyworded, root)
    made = Graph(root)
    with dg.DagsterInstance.ephemeral() as made.instance:
        yield made


def said(result: dg.ExecuteInProcessResult, name: str = "reviewed_keywords") -> dict[str, object]:
    """The metadata of a materialization."""
    assert result.success, [event.message for event in result.all_events if event.is_failure]
    [event] = result.asset_materializations_for_node(name)
    return {key: value.value for key, value in event.metadata.items()}


def verdicts(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {one.check_name: one for one in result.get_asset_check_evaluations()}


def test_before_anybody_said_anything_the_tables_are_empty_and_all_checks_pass(graph: Graph) -> None:
    assert "nobody changed a file" in str(graph.tick())
    result = graph.read()
    assert (said(result)["new_words"], said(result)["files_written"], said(result)["files_edited"]) == (0, 6, 0)
    assert all(found.passed for found in verdicts(result).values())
    assert not graph.queue.exists(), "nothing to queue"
    assert "the release keyworded 5 photos" in str(said(result, "live_accuracy")["live_accuracy"])
    assert "nobody changed a file" in str(graph.tick())


def test_an_edit_in_the_outbox_becomes_the_label_of_the_next_training(graph: Graph) -> None:
    tables, words = graph.shop.tables, graph.shop.words
    assert graph.requested_by_new_shoots() == []
    raw_before, trained_on = tables.read("raw_images", SHOOT), pending_fingerprint(tables, words)
    graph.type(BY_A_PERSON, "blue-pot")
    graph.type(RED, "green-bowl")
    request = graph.tick()
    assert isinstance(request, dg.RunRequest)
    facts = said(graph.read())
    assert facts["new_words"] == 2
    assert str(facts["newest_corrections_shown"]).startswith("![](data:image/jpeg;base64,")
    assert "nobody changed a file" in str(graph.tick())
    assert graph.requested_by_new_shoots() == [("standardize", SHOOT)]
    assert said(graph.standardize(), "standardized_keywords")["decided_by_review"] == 2
    assert graph.requested_by_new_shoots() == []
    labelled = tables.read("standardized_keywords", SHOOT).set_index("file")
    assert labelled.loc[BY_A_PERSON, ["keyword", "source"]].tolist() == ["blue-pot", "review"]
    assert labelled.loc[RED, ["keyword", "source"]].tolist() == ["green-bowl", "review"]
    assert pending_fingerprint(tables, words) != trained_on, "a training would see something new"
    history = {entry.file: entry for entry in graph.history}
    assert history[BY_A_PERSON].original_keyword == "gray-tray"
    assert history[RED].original_keyword == "red-pan"
    assert tables.read("raw_images", SHOOT).equals(raw_before)


def test_keywording_again_leaves_an_edited_file_alone_and_says_nothing_new(graph: Graph) -> None:
    graph.type(RED, "green-bowl")
    edited = graph.path(RED).read_bytes()
    graph.read()
    graph.standardize()
    for update in ("show", "write"):
        graph.shop.keyword(update)  # type: ignore[arg-type]
        assert graph.path(RED).read_bytes() == edited
        assert said(graph.read())["new_words"] == 0
    assert graph.words() == {RED: "green-bowl"}


def test_a_file_whose_iptc_and_xmp_disagree_is_queued_and_not_guessed(graph: Graph) -> None:
    graph.edit(RED, "-IPTC:Keywords=gray-tray")
    result = graph.read()
    assert said(result)["new_words"] == 0
    [line] = read_queue(graph.queue).to_dict("records")
    assert (line["file"], line["finding"], line["decision"]) == (RED, "unclear_edit", "")
    assert "conflicting: IPTC says gray-tray, XMP says red-pan" in line["detail"]
    check = verdicts(result)["edits_are_clear"]
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert graph.requested_by_new_shoots() == [], "no label changed"
    written = graph.queue.stat().st_mtime_ns
    graph.read()
    assert graph.queue.stat().st_mtime_ns == written, "a queue that says so already is not written again"
    write_queue(read_queue(graph.queue).assign(decision="gray-tray"), graph.queue)
    assert verdicts(graph.read())["edits_are_clear"].passed
    assert graph.requested_by_new_shoots() == [("standardize", SHOOT)]


@pytest.mark.parametrize(
    ("changes", "label", "queued"),
    [
        (("-IPTC:Keywords=gray-tray", "-XMP-dc:Subject=gray-tray"), {RED: "gray-tray"}, []),
        (("-IPTC:Keywords=gray-tray",), {}, [RED]),
    ],
)
def test_what_a_failed_run_has_read_is_asked_for_again(
    graph: Graph, changes: tuple[str, ...], label: dict[str, str], queued: list[str]
) -> None:
    graph.read()
    graph.edit(RED, *changes)
    graph.queue.write_bytes(",".join(COLUMNS).encode() + b"\nweek-1,caf\xe9.jpg,,,,,\n")
    assert not graph.read().success, "the queue was saved in another encoding"
    assert isinstance(graph.tick(), dg.RunRequest)
    graph.queue.unlink()
    assert said(graph.read())["new_words"] == len(label)
    assert "nobody changed a file" in str(graph.tick())
    assert graph.words() == label
    assert (read_queue(graph.queue)["file"].tolist() if queued else []) == queued


@pytest.mark.parametrize(
    "place", [(feedback, "store_unclear"), (feedback, "review_metadata"), (TableIOManager, "handle_output")]
)
def test_wherever_a_run_ends_before_its_words_are_stored_it_is_asked_for_again(
    graph: Graph, place: tuple[object, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object) -> None:
        raise OSError("the machine went away")

    graph.type(RED, "gray-tray")
    with monkeypatch.context() as patched:
        patched.setattr(*place, ended)
        assert not graph.read().success
    assert isinstance(graph.tick(), dg.RunRequest)
    assert said(graph.read())["new_words"] == 1
    assert "nobody changed a file" in str(graph.tick())
    assert graph.words() == {RED: "gray-tray"}


def test_the_review_queue_of_the_graph_keeps_unclear_files(graph: Graph) -> None:
    graph.edit(RED, "-IPTC:Keywords=gray-tray")
    graph.read()
    resources = {name: graph.resources[name] for name in ("review", "storage")}
    labelled = graph.shop.tables.read("standardized_keywords", SHOOT)
    outcome = review_queue(findings_table([]), labelled, **resources)  # type: ignore[call-arg]
    assert isinstance(outcome, dg.MaterializeResult)
    lines = read_queue(graph.queue)
    assert lines["finding"].iloc[0] == "unclear_edit"
    assert {"unclear_edit", "missing", "ambiguous"} <= set(lines["finding"])
    before = lines[COLUMNS].to_numpy().tolist()
    graph.read()
    assert read_queue(graph.queue)[COLUMNS].to_numpy().tolist() == before


def test_an_answer_of_the_review_page_is_the_same_label(graph: Graph) -> None:
    graph.answer(RED, "green-bowl")
    assert isinstance(graph.tick(), dg.RunRequest)
    graph.read()
    graph.standardize()
    labelled = graph.shop.tables.read("standardized_keywords", SHOOT).set_index("file")
    assert labelled.loc[RED, ["keyword", "source"]].tolist() == ["green-bowl", "review"]
    graph.answer(RED, "drop")
    graph.read()
    graph.standardize()
    labelled = graph.shop.tables.read("standardized_keywords", SHOOT).set_index("file")
    assert labelled.loc[RED, "reason"] == "dropped: by review"


def test_a_queue_that_contradicts_people_is_named(graph: Graph) -> None:
    graph.type(RED, "green-bowl")
    graph.read()
    [entry] = graph.history
    graph.queue.write_text(
        ",".join(COLUMNS) + f"\n{SHOOT},{RED},{entry.sha256},label_error,,,blue-pot\n", encoding="utf-8"
    )
    check = verdicts(graph.read())["people_agree"]
    assert not check.passed
    assert "1 photos have another keyword" in str(check.description)


def test_live_accuracy_warns_once_a_release_does_not_hold_what_it_promised(graph: Graph) -> None:
    tables = graph.shop.tables
    rows = tables.read("keyworded_shoot", SHOOT)
    [red] = rows[rows["file"] == RED].to_dict("records")
    many = rows.head(0)
    many = many.reindex(range(60)).assign(**{name: red[name] for name in rows.columns})
    many["shoot"] = "week-2"
    many["file"] = [f"HF_Y24_R01_W01_SE_K{number}_01__original.jpg" for number in range(60)]
    tables.write(many.astype(rows.dtypes), "keyworded_shoot", "week-2")
    result = graph.read()
    assert verdicts(result)["released_model_holds_up"].passed, "nobody said that anything is wrong"
    for number in range(0, 60, 2):
        graph.journal.append(_answer(red, f"HF_Y24_R01_W01_SE_K{number}_01__original.jpg", number))
    result = graph.read()
    check = verdicts(result)["released_model_holds_up"]
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert "promised were 90.0 %" in str(check.description)
    assert "train again with the corrected photos" in str(check.description)
    facts = said(result, "live_accuracy")
    assert (facts["photos"], facts["corrected"]) == (65, 30)
    assert all(str(facts[name]).startswith("![](data:image/png;base64,") for name in ("chart", "verdicts"))


def _answer(red: dict[object, object], file: str, number: int) -> object:
    from recipe_assets.review.journal import Answer

    return Answer(
        answer_id=f"a{number}",
        shoot="week-2",
        file=file,
        sha256=str(red["sha256"]),
        keyword="blue-pot",
        by="Ada",
        shown_keyword="red-pan",
        shown_confidence=float(str(red["confidence"])),
        release_id=str(red["release_id"]),
    )


def test_without_a_release_live_accuracy_is_a_note(graph: Graph) -> None:
    shutil.rmtree(graph.shop.root / "releases")
    result = graph.read()
    assert said(result, "live_accuracy")["note"] == "there is no release yet"
    assert verdicts(result)["released_model_holds_up"].passed


def test_the_sensor_asks_once_for_the_same_and_again_for_more(graph: Graph) -> None:
    graph.type(RED, "green-bowl")
    first, again = graph.tick(), graph.tick()
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    hour = datetime.datetime.now(datetime.UTC).strftime("T%H")
    assert first.run_key == again.run_key or hour not in str(first.run_key)
    graph.answer(RED, "blue-pot")
    more = graph.tick()
    assert isinstance(more, dg.RunRequest)
    assert more.run_key != first.run_key
    graph.instance.add_run(dg.DagsterRun(job_name=read_reviews.name, status=dg.DagsterRunStatus.STARTED))
    assert "being read" in str(graph.tick())


def test_the_sensor_looks_again_when_the_vocabulary_may_have_learned_a_word(graph: Graph) -> None:
    graph.type(RED, "skillet")
    graph.read()
    assert "nobody changed a file" in str(graph.tick())
    graph.shop.vocabulary = VOCABULARY.replace("gray tray,", "gray tray, aliases: [skillet],")
    _ = graph.shop.words
    assert isinstance(graph.tick(), dg.RunRequest)
    assert said(graph.read())["new_words"] == 1
    assert "nobody changed a file" in str(graph.tick())


@pytest.mark.parametrize("broken", ["history", "outbox"])
def test_what_cannot_be_read_is_said_and_labels_never_go_back_silently(graph: Graph, broken: str) -> None:
    graph.type(RED, "green-bowl")
    graph.read()
    graph.standardize()
    if broken == "history":
        graph.shop.tables.path("reviewed_keywords").write_bytes(b"PAR1")
        said_by_sensor = "it holds what people decided"
    else:
        s3 = S3Resource(endpoint_url="http://127.0.0.1:9", aws_access_key_id="a", aws_secret_access_key="b")
        graph.resources["outbox"] = OutboxResource(location="s3://bucket/outbox", s3=s3)
        said_by_sensor = "cannot be reached"
    assert said_by_sensor in str(graph.tick())
    assert not graph.read().success
    labelled = graph.shop.tables.read("standardized_keywords", SHOOT).set_index("file")
    assert labelled.loc[RED, "keyword"] == "green-bowl"


def test_the_main_job_reads_what_people_said_and_goes_on_without_an_outbox(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    executed: list[tuple[str, str | None]] = []
    names = ("studio", "vocabulary", "review", "storage", "base", "releases", "outbox")
    resources = {name: graph.resources[name] for name in names}
    job = MainJob(definitions=dg.Definitions(), instance=graph.instance, say=lines.append, **resources)  # type: ignore[arg-type]
    monkeypatch.setattr(MainJob, "_execute", lambda self, job, shoot=None: executed.append((job, shoot)))
    graph.type(RED, "green-bowl")
    job.run()
    assert executed[0] == ("read_reviews", None)

    def away(self: OutboxResource) -> None:
        raise MainJobError("the outbox cannot be reached")

    executed.clear()
    monkeypatch.setattr(OutboxResource, "open", away)
    job.run()
    assert ("read_reviews", None) not in executed
    assert "what people said since the last time is not read: the outbox cannot be reached" in lines
