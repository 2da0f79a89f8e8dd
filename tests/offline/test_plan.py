"""The outputs that a command writes: it never overwrites an input or an existing file."""

import os
from pathlib import Path

import pytest

from realtime_nst.errors import OutputError, SourceError
from realtime_nst.offline.clip_files import CLIP, find_clips
from realtime_nst.offline.image import PHOTO, find_photos
from realtime_nst.offline.plan import plan_outputs
from realtime_nst.sources.clip import ClipSource

ONE = [("night", "NIGHT")]
TWO = [("night", "NIGHT"), ("ink", "INK")]


@pytest.fixture
def folder(tmp_path):
    """Empty files with the names of photos and clips: their contents do not matter to a plan."""
    for name in ("a.mp4", "b.mov", "a.jpg", "b.data"):
        (tmp_path / name).touch()
    return tmp_path


def names(plan):
    return [target.name for _, _, target in plan]


def test_one_clip_in_one_style_is_one_file(folder):
    assert plan_outputs(CLIP, [folder / "a.mp4"], ONE, folder / "out.mkv") == [
        (folder / "a.mp4", "NIGHT", folder / "out.mkv")
    ]


def test_a_folder_holds_one_clip_per_input_and_style(folder):
    clips = [folder / "a.mp4", folder / "b.mov"]
    assert names(plan_outputs(CLIP, clips, ONE, folder / "new")) == ["a.mp4", "b.mp4"]
    assert (folder / "new").is_dir()
    assert names(plan_outputs(CLIP, clips, TWO, folder / "new")) == [
        "a-night.mp4",
        "a-ink.mp4",
        "b-night.mp4",
        "b-ink.mp4",
    ]


def test_a_folder_holds_one_picture_per_photo_and_style(folder):
    photos = [folder / "a.jpg", folder / "b.data"]
    assert names(plan_outputs(PHOTO, photos, TWO, folder / "new")) == [
        "a-night.jpg",
        "a-ink.jpg",
        "b-night.png",
        "b-ink.png",
    ]


@pytest.mark.parametrize(("kind", "input", "output"), [(CLIP, "a.mp4", "out.mp4"), (PHOTO, "a.jpg", "out.png")])
def test_several_styles_do_not_fit_into_one_file(folder, kind, input, output):
    with pytest.raises(OutputError, match=r"2 styles cannot go into one file .*give one --style.* -o out/"):
        plan_outputs(kind, [folder / input], TWO, folder / output)


def test_several_inputs_do_not_fit_into_one_file(folder):
    with pytest.raises(OutputError, match="2 clips cannot go into one file"):
        plan_outputs(CLIP, [folder / "a.mp4", folder / "b.mov"], ONE, folder / "out.mp4")


def test_an_unknown_ending_is_refused(folder):
    with pytest.raises(OutputError, match=r"a clip must end in one of \.mp4"):
        plan_outputs(CLIP, [folder / "a.mp4"], ONE, folder / "out.txt")


@pytest.mark.parametrize("may_exist", [False, True])
def test_an_input_is_never_an_output(folder, may_exist):
    (folder / "a-ink.jpg").touch()
    (folder / "link.mp4").symlink_to(folder / "b.mov")
    for kind, inputs, styles, output in (
        (CLIP, ["a.mp4"], ONE, "a.mp4"),
        (CLIP, ["b.mov"], ONE, "link.mp4"),
        (PHOTO, ["a.jpg"], ONE, "a.jpg"),
        (PHOTO, ["a.jpg", "a-ink.jpg"], TWO, "."),
    ):
        with pytest.raises(OutputError, match="is itself an input"):
            plan_outputs(kind, [folder / name for name in inputs], styles, folder / output, may_exist=may_exist)
    with pytest.raises(OutputError, match="is itself an input"):
        plan_outputs(PHOTO, [folder / "b.data"], ONE, folder / "a.jpg", also_read=[folder / "a.jpg"], may_exist=True)


def test_what_exists_is_kept_unless_asked_otherwise(folder):
    (folder / "out.png").touch()
    with pytest.raises(OutputError, match="exists; add --overwrite"):
        plan_outputs(PHOTO, [folder / "a.jpg"], ONE, folder / "out.png")
    assert plan_outputs(PHOTO, [folder / "a.jpg"], ONE, folder / "out.png", may_exist=True)
    new = folder / "new"
    new.mkdir()
    for name in ("a-night.jpg", "a-ink.jpg"):
        (new / name).touch()
    with pytest.raises(OutputError, match="2 of the outputs exist, such as .*; add --overwrite"):
        plan_outputs(PHOTO, [folder / "a.jpg"], TWO, new)


def test_an_output_that_cannot_be_written_is_refused(folder):
    with pytest.raises(OutputError, match=r"cannot write .*gone/out\.mp4"):
        plan_outputs(CLIP, [folder / "a.mp4"], ONE, folder / "gone" / "out.mp4")
    with pytest.raises(OutputError, match="cannot make the folder"):
        plan_outputs(CLIP, [folder / "a.mp4"], ONE, folder / "b.data" / "new")


def test_outputs_of_one_name_are_refused_before_the_folder_is_made(folder):
    (folder / "deeper").mkdir()
    (folder / "deeper" / "a.mov").touch()
    with pytest.raises(OutputError, match="two outputs would be"):
        plan_outputs(CLIP, [folder / "a.mp4", folder / "deeper" / "a.mov"], ONE, folder / "new")
    assert not (folder / "new").exists()


def test_a_folder_of_clips_without_hidden_and_unfinished_ones(tmp_path):
    for name in ("b.mkv", "a.mp4", "._a.mp4", "c.partial.mp4", "c.earlier.mkv", "d.whole.mp4", "c.partial.json"):
        (tmp_path / name).touch()
    notices: list[str] = []
    assert [path.name for path in find_clips([str(tmp_path)], notices.append)] == ["a.mp4", "b.mkv"]
    assert [Path(notice.split()[1].rstrip(":")).name for notice in notices] == [
        "c.earlier.mkv",
        "c.partial.mp4",
        "d.whole.mp4",
    ]
    # An explicit name is taken at its word.
    assert find_clips([str(tmp_path / "c.partial.mp4")]) == [tmp_path / "c.partial.mp4"]


def test_clips_of_all_kinds_are_found_in_subfolders_and_stay_there(tmp_path):
    root, output = tmp_path / "card", tmp_path / "card" / "out"
    found = ("z.3gp", "STREAM/00001.MTS", "b/x.Flv", "b/c/y.vob")
    for name in (*found, "out/z.mp4", ".hidden/a.mp4", "b/notes.txt", "i.XML"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    notices: list[str] = []
    clips = find_clips([str(root), str(root / "z.3gp")], notices.append, output=output)
    assert clips == [root / name for name in found]
    assert notices == [f"{root}: files that end in .xml, .txt are left out (2 in all)"]
    plan = plan_outputs(CLIP, clips, ONE, output, roots=[root], may_exist=True)
    targets = [target for _, _, target in plan]
    assert targets == [output / name for name in ("z.mp4", "STREAM/00001.mp4", "b/x.mp4", "b/c/y.mp4")]
    assert all(target.parent.is_dir() for target in targets)


def test_subfolders_of_photos_are_not_searched_which_is_told(tmp_path):
    for name in ("a.jpg", "deeper/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    notices: list[str] = []
    assert find_photos([str(tmp_path)], notices.append) == [tmp_path / "a.jpg"]
    assert notices == [
        f"{tmp_path}: its subfolders are left out (1); to use their pictures, name them too: {tmp_path}/*/"
    ]


def test_folders_that_may_not_be_entered_are_told(tmp_path, monkeypatch):
    real = os.scandir

    def scandir(path):
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    (tmp_path / "secret").mkdir()
    (tmp_path / "a.mp4").touch()
    notices: list[str] = []
    assert find_clips([str(tmp_path)], notices.append) == [tmp_path / "a.mp4"]
    assert notices == [f"skipped the folder {tmp_path / 'secret'}: Permission denied"]
    with pytest.raises(SourceError, match=r"cannot read the folder .*secret: Permission denied"):
        find_clips([str(tmp_path / "secret")])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p.mp4")
    for use in (lambda: find_clips([str(tmp_path / "p.mp4")]), lambda: ClipSource(tmp_path / "p.mp4")):
        with pytest.raises(SourceError, match=r"p.mp4: it is a pipe; save the clip as a file first"):
            use()


def test_what_stands_for_nothing_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="there is no clip"):
        find_clips([str(tmp_path / "gone.mp4")])
    with pytest.raises(SourceError, match="holds no clips"):
        find_clips([str(tmp_path)])
    with pytest.raises(SourceError, match="there is no picture"):
        find_photos([str(tmp_path / "*.jpg")])
    with pytest.raises(SourceError, match="holds no pictures"):
        find_photos([str(tmp_path)])
