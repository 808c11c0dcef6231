"""Recordings in documents: what is found out, told and written out, divided, and refused."""

import json

import numpy as np
import pytest

import recordings
from quickml.datasets import REGISTERED, RecordingsReference
from quickml.datasets.check import check
from quickml.document import Plan, understand
from quickml.errors import DatasetError, DocumentError
from quickml.recordings import LocalRecordings
from quickml.recordings.files import are_recordings, holds_recordings
from quickml.recordings.profile import profile


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    recordings.folder(folder / "motion")
    recordings.archive(folder / "motion.zip", folder / "motion")
    (folder / "motion.csv").write_text(recordings.single())
    (folder / "weather.csv").write_text(recordings.forecast())
    return folder


def doc(classes=3, **options):
    end = (
        {"type": "Dense", "units": classes, "activation": "softmax"}
        if classes
        else {"type": "Dense", "units": 1}
    )
    layers = [{"type": "Normalization"}, {"type": "GlobalAveragePooling1D"}, end]
    return {"name": "motion", "dataset": {"name": "recordings", **options}, "model": {"layers": layers}}


def planned(folder, **options):
    return understand(doc(**options), LocalRecordings(folder))


def told(folder, **options):
    with pytest.raises(DocumentError) as caught:
        planned(folder, **options)
    return [str(problem) for problem in caught.value.problems]


def messages(plan):
    return [f"{notice.pointer.removeprefix('/dataset/')}: {notice.message}" for notice in plan.notices]


def written(folder, content, name="own.csv"):
    (folder / name).write_text(content)
    return folder


def rows(*lines, head="t_s,x,label"):
    return "\n".join((head, *lines)) + "\n"


def steady(label, count=40, start=0.0):
    return [f"{start + step / 50:.2f},{step % 7}.5,{label}" for step in range(count)]


# --- what is found out -------------------------------------------------------------------------------------


def test_what_is_left_out_of_one_file_is_found_out_told_and_written_out(folder):
    plan = planned(folder, file="motion.csv", target="activity")
    assert (plan.info.kind, plan.info.shape, plan.info.labels) == (
        "sequence",
        (50, 2),
        ("rest", "run", "walk"),
    )
    assert [column.name for column in plan.info.columns] == ["acc_x", "acc y"]
    assert plan.info.rate == "50 per second"
    assert messages(plan) == [
        "/dataset: motion.csv is read as: UTF-8, fields between commas, numbers with a point, names of columns in"
        " line 1",
        "columns: sensors: acc_x, acc y",
        "session: 15 recordings by 'recording'",
        "time: the time is in 'timestamp'; 50 per second",
        "gap: more than 0.03 between two rows is a gap; there are 0",
        "steps: a window has 50 steps, 1 second",
        "stride: a window begins every 25 steps: 105 windows",
        "labels: 3 classes, with their windows: rest (35), run (35), walk (35)",
        "test_fraction: 21 of 105 windows are held out for the test, with all of 3 recordings",
    ]
    dataset = json.loads(plan.document.model_dump_json(exclude_none=True))["dataset"]
    assert dataset.pop("sha256")
    assert dataset == {
        "in_report": False,
        "name": "recordings",
        "seed": 0,
        "file": "motion.csv",
        "target": "activity",
        "labels": ["rest", "run", "walk"],
        "session": "recording",
        "time": "timestamp",
        "gap": 0.03,
        "columns": {"acc_x": "number", "acc y": "number"},
        "steps": 50,
        "stride": 25,
        "delimiter": ",",
        "decimal": ".",
        "encoding": "utf-8",
        "header": True,
        "test_fraction": 0.2,
    }


@pytest.mark.parametrize("options", [
    {"file": "motion.csv", "target": "activity"}, {"file": "motion"}, {"file": "motion.zip"},
    {"file": "weather.csv", "target": "temp", "ahead": 3, "classes": 0},
])  # fmt: skip
def test_what_was_written_out_gives_the_same_samples_and_tells_nothing_again(folder, options):
    plan = planned(folder, **options)
    again = understand(plan.document.model_dump(mode="json", exclude_none=True), LocalRecordings(folder))
    assert again.notices == ()
    assert again.info == plan.info
    assert again.document == plan.document
    files = LocalRecordings(folder)
    first, second = (files.load(one.document.dataset) for one in (plan, Plan.from_json(again.to_json())))
    check(plan.info, first)
    for name in ("x_train", "y_train", "x_test", "y_test"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


def test_a_folder_an_archive_and_one_file_have_the_same_windows(folder):
    found = []
    for options in ({"file": "motion"}, {"file": "motion.zip"}, {"file": "motion.csv", "target": "activity"}):
        plan = planned(folder, labels=["rest", "walk", "run"], steps=50, stride=25, **options)
        data = LocalRecordings(folder).load(plan.document.dataset)
        x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
        found.append(sorted(zip(x.sum(axis=(1, 2)).tolist(), y.tolist(), strict=True)))
        assert plan.info.labels == ("rest", "walk", "run")
    assert found[0] == found[1] == found[2]


def test_a_window_is_raw_and_in_order(folder):
    plan = planned(folder, file="motion.csv", target="activity", steps=200, stride=200)
    data = LocalRecordings(folder).load(plan.document.dataset)
    raw = recordings.signals("walk", 200, 0).round(4)
    assert any(np.allclose(window, raw, atol=1e-6) for window in np.concatenate([data.x_train, data.x_test]))


def test_recordings_are_on_one_side(folder):
    plan = planned(folder, file="motion", steps=10, stride=10)
    data = LocalRecordings(folder).load(plan.document.dataset)
    whole = {
        (label, number): {
            tuple(map(float, row)) for row in recordings.signals(label, 200, number).round(4).astype("f4")
        }
        for label in recordings.LABELS
        for number in range(5)
    }
    sides = [
        {key for window in x for key, values in whole.items() if tuple(map(float, window[0])) in values}
        for x in (data.x_train, data.x_test)
    ]
    assert not sides[0] & sides[1]
    assert sorted(label for label, _ in sides[1]) == ["rest", "run", "walk"]


# --- forecasts ---------------------------------------------------------------------------------------------


def test_a_number_is_predicted_so_many_steps_after_a_window(folder):
    plan = planned(folder, file="weather.csv", target="temp", ahead=3, steps=24, classes=0)
    assert (plan.info.task, plan.info.target_name) == ("regression", "temp")
    data = LocalRecordings(folder).load(plan.document.dataset)
    temp = [float(line.split(";")[1].replace(",", ".")) for line in recordings.forecast().splitlines()[1:]]
    x, y = data.x_test[:, :, 0], data.y_test
    start = int(np.flatnonzero(np.isclose(temp, x[0, 0], atol=1e-4) & (np.arange(400) >= 300))[0])
    assert start == 320
    for index in range(len(x)):
        assert x[index] == pytest.approx(temp[start + index : start + index + 24], abs=1e-4)
        assert y[index] == pytest.approx(temp[start + index + 23 + 3], abs=1e-4)
    assert start + len(x) - 1 + 23 + 3 == len(temp) - 1
    assert len(data.x_train) == 320 - 24 - 3 + 1


def test_the_past_of_a_number_is_an_input_unless_it_is_ignored(folder):
    options = {"file": "weather.csv", "target": "temp", "ahead": 3, "classes": 0}
    plan = planned(folder, **options)
    assert plan.info.feature_names == ("temp", "wind")
    assert (
        "columns: 'temp' up to now is an input, too; write \"ignore\" if an app does not know it"
        in messages(plan)
    )
    assert planned(folder, **options, columns={"temp": "ignore"}).info.feature_names == ("wind",)


def test_a_number_at_the_end_of_a_window_is_no_input_and_recordings_are_on_one_side(tmp_path):
    lines = [
        f"{name},{step / 50:.2f},{step % 9}.25,{step % 9 * 2}.5" for name in "abcde" for step in range(60)
    ]
    written(tmp_path, rows(*lines, head="session,time_s,x,effort"))
    plan = planned(tmp_path, file="own.csv", target="effort", ahead=0, steps=10, classes=0)
    assert plan.info.feature_names == ("x",)
    assert "with all of 1 recording" in messages(plan)[-1]
    data = LocalRecordings(tmp_path).load(plan.document.dataset)
    assert data.y_train == pytest.approx((data.x_train[:, -1, 0] - 0.25) * 2 + 0.5)


def test_numbers_need_to_be_told_how_far_ahead(folder):
    assert told(folder, file="weather.csv", target="temp", classes=0) == [
        "/dataset/ahead: expected \"ahead\", because 'temp' has numbers: so many steps later, or 0 for the end of a"
        ' window, found none; write "ahead": 1'
    ]


# --- where windows end -------------------------------------------------------------------------------------


def test_gaps_missing_values_and_new_labels_end_windows(tmp_path):
    lines = [*steady("a"), *steady("a", start=2.0), *steady("b", start=2.8), *steady("a", start=3.6)]
    lines[20] = "0.40,NA,a"
    written(tmp_path, rows(*lines))
    plan = planned(tmp_path, file="own.csv", target="label", steps=10, stride=1, classes=2)
    assert "gap: more than 0.03 between two rows is a gap; there are 1" in messages(plan)
    assert "columns: 'x': no value in 1 row, which end windows as gaps do" in messages(plan)
    # of a: 20, 19, 40 and 40 rows, of b 40; the end of each label is for the test, and cuts one more run
    assert "labels: 2 classes, with their windows: a (83), b (31)" in messages(plan)


def test_a_new_recording_begins_where_the_time_goes_back(tmp_path):
    lines = [line for label in "abababab" for line in steady(label)]
    written(tmp_path, rows(*lines))
    plan = planned(tmp_path, file="own.csv", target="label", classes=2)
    assert "session: the time goes back 7 times, and a new recording begins at each" in messages(plan)
    assert plan.document.dataset.session is None


def test_rows_of_recordings_may_be_mixed_if_the_time_is_known(tmp_path):
    lines = [
        f"{name},{step / 50:.2f},{step % 7}.5,{'ab'[place % 2]}"
        for step in range(40)
        for place, name in enumerate("pqrstu")
    ]
    written(tmp_path, rows(*lines, head="session,t_s,x,label"))
    plan = planned(tmp_path, file="own.csv", target="label", steps=40, classes=2)
    assert sum(plan.info.sizes) == 6
    without = "\n".join(",".join(line.split(",")[:1] + line.split(",")[2:]) for line in lines)
    written(tmp_path, rows(without, head="session,x,label"))
    (problem,) = told(tmp_path, file="own.csv", target="label", steps=40, classes=2)
    assert problem.startswith(
        "/dataset/steps: expected at least 40 rows that follow each other, found 1 without"
    )


def test_short_recordings_and_other_rates_are_told(tmp_path):
    recordings.folder(tmp_path / "motion", labels=("rest", "walk"))
    (tmp_path / "motion" / "rest" / "short.csv").write_text(recordings.table("rest", 20))
    fast = recordings.table("walk", 200).splitlines()
    faster = [fast[0], *(f"{float(line.split(',')[0]) / 4:.4f},{line.split(',', 1)[1]}" for line in fast[1:])]
    (tmp_path / "motion" / "walk" / "fast.csv").write_text("\n".join(faster))
    plan = planned(tmp_path, file="motion", classes=2)
    assert "file: too short for a window, and left out: rest/short.csv (1 in all)" in messages(plan)
    assert any("another rate than the others: walk/fast.csv" in message for message in messages(plan))


def test_rows_without_a_time_are_told(tmp_path):
    lines = [f"{n / 50 if n % 60 != 30 else ''},{n % 7},{'ab'[n // 300]}" for n in range(600)]
    plan = planned(written(tmp_path, rows(*lines)), file="own.csv", target="label", classes=2)
    assert "time: 't_s': no value in 10 rows, which end windows as gaps do" in messages(plan)


def test_times_that_are_whole_seconds_say_how_often_rows_are_recorded(tmp_path):
    lines = [f"{n // 50},{n % 7},{'ab'[n // 300]}" for n in range(600)]
    plan = planned(written(tmp_path, rows(*lines)), file="own.csv", target="label", classes=2)
    assert "time: the time is in 't_s'; 50 per second" in messages(plan)
    assert "gap: more than 1.5 between two rows is a gap; there are 0" in messages(plan)
    assert any("steps, 1.5 seconds" in message for message in messages(plan))


def test_a_second_column_with_times_is_no_sensor(tmp_path):
    lines = [
        f"{170 * 10**16 + n * 10**7},{n % 150 / 100},{n % 7},{n // 30},{'ab'[n // 300]}" for n in range(600)
    ]
    folder = written(tmp_path, rows(*lines, head="time,seconds_elapsed,x,take,label"))
    plan = planned(folder, file="own.csv", target="label", classes=2)
    assert plan.info.feature_names == ("x",)
    assert "columns: left out: seconds_elapsed (times)" in messages(plan)
    assert plan.document.dataset.columns == {"seconds_elapsed": "ignore", "x": "number"}
    again = planned(
        folder, **plan.document.dataset.model_dump(exclude_unset=True, exclude={"name"}), classes=2
    )
    assert again.info.feature_names == ("x",)


def test_times_of_short_recordings_are_found_although_they_go_back_often(tmp_path):
    lines = [f"{n // 12},{n % 12 / 50},{n % 7},{'ab'[n // 12 % 2]}" for n in range(96)]
    folder = written(tmp_path, rows(*lines, head="take,t_s,x,label"))
    assert planned(folder, file="own.csv", target="label", classes=2).info.feature_names == ("x",)


def test_where_half_of_the_recordings_are_faster_no_rate_between_both_is_told(tmp_path):
    recordings.folder(tmp_path / "motion", labels=("rest", "walk"), each=3)
    for path in (tmp_path / "motion" / "walk").iterdir():
        first, *lines = path.read_text().splitlines()
        pairs = (line.split(",", 1) for line in lines)
        path.write_text("\n".join((first, *(f"{float(time) / 2:.3f},{rest}" for time, rest in pairs))))
    plan = planned(tmp_path, file="motion", classes=2)
    assert "time: the time is in 'time_s'; 50 per second" in messages(plan)
    assert any(
        "than the others: walk/0.csv, walk/1.csv, walk/2.csv;" in message for message in messages(plan)
    )


def test_a_single_recording_of_a_class_is_divided_in_time(tmp_path):
    recordings.folder(tmp_path / "motion", each=1)
    plan = planned(tmp_path, file="motion", steps=20)
    assert messages(plan)[-1].endswith(
        "rest, run, walk are in too few recordings: their ends are for the test, which then is easier than life"
    )


def test_a_test_folder_says_what_is_for_the_test(tmp_path):
    recordings.folder(tmp_path / "motion" / "train", each=3)
    recordings.folder(tmp_path / "motion" / "test", each=1, rows=100)
    plan = planned(tmp_path, file="motion", steps=50, stride=50)
    assert plan.info.sizes == (36, 6)
    assert plan.document.dataset.test_fraction is None


# --- what is refused ---------------------------------------------------------------------------------------


def test_times_that_go_back_are_refused_with_what_fits(tmp_path):
    lines = [f"{n // 200},{n % 100 / 50},{n % 7},{'ab'[n // 200]}" for n in range(400)]
    folder = written(tmp_path, rows(*lines, head="subject,t_s,x,label"))
    options = {"file": "own.csv", "target": "label", "classes": 2}
    assert '"columns": {"subject": "ignore"}: a recording then begins' in told(folder, **options)[0]
    assert planned(folder, **options, columns={"subject": "ignore", "x": "number"}).info.feature_names == (
        "x",
    )
    lines = [f"a,{'23:59:5' if n < 9 else '00:00:0'}{n % 9},{n},{'uv'[n % 2]}" for n in range(18)]
    folder = written(tmp_path, rows(*lines, head="take,time,x,label"))
    found = told(folder, **options, session="take", time="time")
    assert found[0].endswith("write the date with each time, if they pass midnight")


def test_labels_that_change_in_each_row_are_not_blamed_on_gaps(tmp_path):
    lines = [f"{n / 50},{n % 7},{'ab'[n % 2]}" for n in range(100)]
    found = told(written(tmp_path, rows(*lines)), file="own.csv", target="label", classes=2)
    assert found[0].endswith("sort the rows by recording and time, or name another target")


def test_every_error_says_where_what_and_how(folder, tmp_path):
    assert told(folder, file="motion.csv") == [
        "/dataset/target: expected the column with the class of each row, one of 'recording', 'timestamp', 'acc_x',"
        " 'acc y', 'activity', found none"
    ]
    assert told(folder, file="motion.csv", target="activty") == [
        "/dataset/target: expected a column of motion.csv (recording, timestamp, acc_x, acc y, activity), found"
        " 'activty'; did you mean 'activity'?"
    ]
    assert told(folder, file="motion.csv", target="activity", columns={"acc_z": "number"})[0].startswith(
        "/dataset/columns/acc_z: expected a column of motion.csv"
    )
    assert told(folder, file="motion", session="recording")[0] == (
        "/dataset/session: expected none of a folder, whose files are the recordings, found 'recording'; leave it out"
    )  # fmt: skip
    assert told(folder, file="motion", steps=500) == [
        "/dataset/steps: expected at least 500 rows that follow each other, found 200 without a gap, a missing value"
        ' or another label between them; write "steps": 200'
    ]
    assert told(folder, file="motion", labels=["rest", "walk"])[0].startswith(
        "/dataset/labels: expected the names of the folders, ['rest', 'run', 'walk'], in any order, found"
    )
    assert told(folder, file="motion.csv", target="activity", sha256="0" * 64)[0].startswith(
        "/dataset/sha256"
    )
    assert told(folder, file="motion", sha256="0" * 64)[0].startswith(
        "/dataset/sha256: expected 000000000000..."
    )


def test_a_wrong_cell_is_named_with_file_line_and_column(tmp_path):
    recordings.folder(tmp_path / "motion", labels=("rest", "walk"))
    path = tmp_path / "motion" / "walk" / "3.csv"
    lines = path.read_text().splitlines()
    lines[17] = "0.32,broken,9.8"
    path.write_text("\n".join(lines))
    assert told(tmp_path, file="motion", classes=2) == [
        "/dataset/file: expected numbers, found 'broken' in 1 of 200 rows (motion: walk/3.csv, line 18, column"
        ' \'acc_x\'); correct it, leave the cell empty, remove the row if it is none, or write "columns": {"acc_x": "ignore"}'
    ]


def test_times_that_go_back_are_named_with_their_line(tmp_path):
    lines = [f"a,{line}" for line in steady("x")] + [f"b,{line}" for line in steady("y")]
    lines[60], lines[61] = lines[61], lines[60]
    written(tmp_path, rows(*lines, head="session,t_s,x,label"))
    assert told(tmp_path, file="own.csv", target="label", time="t_s", classes=2) == [
        "/dataset/time: expected times that do not go back within a recording, found 0.4 after 0.42 (own.csv, line"
        ' 63, column \'t_s\'); sort the rows, or name the column of the recordings: "session": "..."'
    ]


def test_a_column_of_another_file_is_missed(tmp_path):
    recordings.folder(tmp_path / "motion", labels=("rest", "walk"))
    path = tmp_path / "motion" / "walk" / "4.csv"
    path.write_text(path.read_text().replace("acc y", "acc_y"))
    assert told(tmp_path, file="motion", classes=2) == [
        "/dataset/file: expected the columns of motion: rest/0.csv, found no 'acc y' (motion: walk/4.csv); add it, or"
        ' write "columns": {"acc y": "ignore"}'
    ]


def test_folders_that_hold_no_recordings_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "readme.md").write_text("nothing")
    assert told(tmp_path, file="empty") == [
        "/dataset/file: expected recordings, found none in 1 files (empty); save each recording as a .csv file"
    ]
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "0.csv").write_text(recordings.table("rest"))
    (tmp_path / "flat" / "1.csv").write_text(recordings.table("rest"))
    assert (
        "expected a folder for each class, found 2 recordings without one" in told(tmp_path, file="flat")[0]
    )


def test_who_reads_no_files_says_so():
    with pytest.raises(DocumentError, match=r"found recordings in a file, 'motion\.csv'"):
        REGISTERED.load(RecordingsReference(file="motion.csv", target="activity"))


def test_a_file_that_is_gone_cannot_be_loaded(folder, tmp_path):
    reference = planned(folder, file="motion.csv", target="activity").document.dataset
    with pytest.raises(DatasetError, match="expected a CSV file to read, found none"):
        LocalRecordings(tmp_path).load(reference)


# --- profiles ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["motion", "motion.zip", "motion.csv"])
def test_a_profile_proposes_a_document_that_is_valid(folder, name):
    found = profile(folder / name, name)
    assert found.document is not None
    assert (found.recordings, found.rows, found.rate) == (15, 3000, "50 per second")
    assert [one.name for one in found.sensors] == ["acc_x", "acc y"]
    assert sum(found.sensors[0].histogram) == 3000
    assert {one.label: one.windows for one in found.classes} == {"rest": 35, "run": 35, "walk": 35}
    plan = understand(found.document, LocalRecordings(folder))
    assert plan.info.shape == (found.steps, 2)
    plain = found.model_dump(mode="json")
    assert (plain["kind"], plain["document"]) == ("recordings", found.document)


def test_a_profile_of_a_number_proposes_a_forecast(folder):
    found = profile(folder / "weather.csv", "weather.csv", "temp")
    assert found.document is not None
    assert found.document["dataset"]["ahead"] == 1
    understand(found.document, LocalRecordings(folder))
    with pytest.raises(DocumentError, match="name it with --target"):
        profile(folder / "weather.csv", "weather.csv")


def test_folders_of_csv_files_without_pictures_are_recordings(folder, tmp_path):
    assert are_recordings(folder / "motion")
    assert are_recordings(folder / "motion.zip")
    assert not are_recordings(folder / "motion.csv")
    (tmp_path / "a.csv").write_text("path,target\n")
    (tmp_path / "b.jpg").write_bytes(b"")
    assert not are_recordings(tmp_path)


def test_json_lines_are_rows_too(folder, tmp_path):
    lines = (folder / "motion.csv").read_text().splitlines()
    names, values = lines[0].split(","), [line.split(",") for line in lines[1:]]
    objects = [
        {**dict(zip(names, row, strict=True)), "acc_x": float(row[2]), "acc y": float(row[3])}
        for row in values
    ]
    written(tmp_path, "\n".join(map(json.dumps, objects)), "motion.jsonl")
    plan = planned(tmp_path, file="motion.jsonl", target="activity")
    assert plan.info == planned(folder, file="motion.csv", target="activity").info
    assert plan.document.dataset.delimiter is None
    again = understand(plan.document.model_dump(mode="json", exclude_none=True), LocalRecordings(tmp_path))
    assert again.notices == ()


def test_a_photo_beside_recordings_is_passed_over_and_a_list_beside_pictures_is_no_recording():
    walks = [f"walk/{number}.csv" for number in range(3)]
    photos = [f"walk/{number}.png" for number in range(3)]
    assert holds_recordings([*walks, "place.JPG"])
    assert not holds_recordings([*photos, "list.csv"])
    assert not holds_recordings([*walks, *photos])
    assert not holds_recordings(["__MACOSX/a.csv", "b.png", ".c.csv", ".d.csv"])


def test_files_that_are_passed_over_are_told(tmp_path):
    recordings.folder(tmp_path / "motion")
    (tmp_path / "motion" / "place.jpg").write_bytes(b"a photo")
    assert are_recordings(tmp_path / "motion")
    told = "file: files that are no .csv files, which are passed over: 1 (.jpg)"
    assert told in messages(planned(tmp_path, file="motion"))
