"""Wrong arguments of the public functions: accepted where their meaning is plain, refused in words where it is not."""

from pathlib import Path

import numpy as np
import pytest

import realtime_nst as nst
from realtime_nst.offline.clip import ClipOptions
from realtime_nst.testing import CollectingSink, FakeNetwork, NumberedSource

NAN = float("nan")
IMAGE = np.zeros((48, 64, 3), np.uint8)
CODE = np.zeros(3, np.float32)


class WithoutPoll:
    def write(self, frame): ...
    def close(self): ...


def stylizer(size=None):
    return nst.Stylizer(FakeNetwork(), size)


def run(**wrong):
    given = {
        "source": NumberedSource(3),
        "stylizer": stylizer(),
        "sinks": [CollectingSink()],
        "look": lambda frame: nst.RenderParams(CODE),
    }
    return nst.run(**(given | wrong), live=False)


REFUSED = {
    "device": (lambda: nst.load_stylizer("fast", "cuda"), "a device is auto, cpu or gpu, not 'cuda'"),
    "no device": (lambda: nst.load_stylizer("fast", None), "a device is auto, cpu or gpu, not None"),
    "no model": (lambda: nst.load_stylizer(None), "a model is auto, fast, hub, a folder or a URL, not NoneType"),
    "model folder": (lambda: nst.load_stylizer(Path("none")), "there is no model folder none"),
    "negative size": (lambda: stylizer(-5), "processing_size is a whole number of 1 or more, not -5"),
    "size zero": (lambda: stylizer(0), "processing_size is a whole number of 1 or more, not 0"),
    "size NaN": (lambda: stylizer(NAN), "processing_size is a whole number of 1 or more, not nan"),
    "size True": (lambda: stylizer(True), "processing_size is a whole number of 1 or more, not True"),
    "strength NaN": (lambda: stylizer().stylize(IMAGE, CODE, NAN), "strength is a number from 0 to 1, not nan"),
    "strength -1": (lambda: stylizer().stylize(IMAGE, CODE, -1), "strength is a number from 0 to 1, not -1"),
    "strength text": (lambda: stylizer().stylize(IMAGE, CODE, "1"), "strength is a number from 0 to 1, not '1'"),
    "path to encode": (lambda: stylizer().encode("a.jpg"), "not str; read_image reads one from a file"),
    "path to stylize": (lambda: stylizer().stylize(Path("a.jpg"), CODE), "read_image reads one from a file"),
    "name as code": (lambda: stylizer().stylize(IMAGE, "night"), "not str; Stylizer.encode makes one from a picture"),
    "image as code": (lambda: stylizer().stylize(IMAGE, IMAGE), "not uint8 of shape (48, 64, 3)"),
    "code of NaN": (lambda: stylizer().stylize(IMAGE, CODE * NAN), "not one with NaN or infinite values"),
    "no code": (lambda: stylizer().stylize(IMAGE, None), "a style code is a vector of numbers, not NoneType"),
    "read an image": (lambda: nst.read_image(IMAGE), "the file of a picture is a path, not ndarray"),
    "swapped": (lambda: nst.write_image(IMAGE, "a.png"), "the first argument of write_image is a path, not ndarray"),
    "quality": (lambda: nst.write_image("a.jpg", IMAGE, -5), "quality is a whole number from 1 to 100, not -5"),
    "camera": (
        lambda: nst.open_source(None),
        "a source is a camera's index or name, a file, a URL or demo, not NoneType",
    ),
    "no camera": (lambda: nst.open_source(""), "a file, a URL or demo, not ''"),
    "array": (lambda: nst.open_source(IMAGE), "a file, a URL or demo, not ndarray"),
    "camera 0": (lambda: nst.open_source(np.int64(987)), "camera 987 cannot be opened"),
    "clip": (lambda: nst.open_source(Path("none.mp4")), "there is no file none.mp4"),
    "camera size": (lambda: nst.open_source(0, (-1, 0)), "size is a whole number of 1 or more, not -1"),
    "one side": (lambda: nst.open_source(0, 640), "size is two whole numbers, not 640"),
    "waiting": (lambda: nst.open_source(0, timeout=NAN), "timeout is a number above 0, not nan"),
    "style 0": (lambda: nst.find_styles([0]), "a style given by its file is a path, not int"),
    "style": (lambda: nst.find_styles("wavy"), "there is no style 'wavy': did you mean wave?"),
    "style file": (lambda: nst.find_styles(Path("none.jpg")), "there is no style picture none.jpg"),
    "sink": (
        lambda: run(sinks=[WithoutPoll()]),
        "WithoutPoll has no poll: a sink has write(frame), poll() and close()",
    ),
    "one sink": (lambda: run(sinks=CollectingSink()), "sinks is a list of sinks, not CollectingSink"),
    "source": (lambda: run(source="demo"), "the source has no read and no close: open_source opens one"),
    "stylizer": (lambda: run(stylizer="fast"), "a Stylizer, not str; load_stylizer makes one"),
    "look": (lambda: run(look=CODE), "look is a function of a frame that returns RenderParams, not ndarray"),
    "look returns": (lambda: run(look=lambda frame: CODE), "look(frame) returns RenderParams(code), not ndarray"),
    "look's strength": (lambda: run(look=lambda f: nst.RenderParams(CODE, NAN)), "strength is a number from 0 to 1"),
    "no frames": (lambda: run(frames=0), "frames is a whole number of 1 or more, not 0"),
    "seconds": (lambda: run(seconds=NAN), "seconds is a number above 0, not nan"),
    "timeout": (lambda: run(timeout=-1), "timeout is a number above 0, not -1"),
    "weight": (lambda: nst.blend([CODE, CODE], [NAN, 1]), "a weight is a number, not nan"),
    "two models": (lambda: nst.blend([CODE, np.zeros(5)], [1, 1]), "encode all styles with one stylizer"),
    "names": (lambda: nst.blend(["night", "wave"], [1, 1]), "a style code is a vector of numbers, not str"),
    "clip's scale": (lambda: ClipOptions(scale=NAN), "scale is a number above 0 and at most 8, not nan"),
    "clip's size": (lambda: ClipOptions(size=(640, -1)), "size is a whole number of 2 or more, not -1"),
    "clip's start": (lambda: ClipOptions(start=-1), "start is a number of 0 or more, not -1"),
    "clip's crf": (lambda: ClipOptions(crf=99), "crf is a whole number from 0 to 51, not 99"),
    "clip's input": (lambda: nst.stylize_clip(None, "a.mp4", stylizer(), CODE), "input is a path, not NoneType"),
    "clip's style": (lambda: nst.stylize_clip("none.mp4", "a.mp4", stylizer(), "night"), "code is a vector of numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_argument_is_refused_in_words(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, words = REFUSED[case]
    with pytest.raises(nst.InputError) as refused:
        call()
    assert words in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_an_argument_of_the_wrong_type_is_a_value_error_too():
    with pytest.raises(ValueError, match="an image is a uint8 array"):
        stylizer().encode("a.jpg")


def test_one_style_is_found_by_its_name_alone_and_by_its_file(photo_file):
    assert [style.name for style in nst.find_styles("wave")] == ["wave"]
    assert [style.path for style in nst.find_styles(photo_file)] == [photo_file]
    assert [style.name for style in nst.find_styles(["night", photo_file])] == ["night", "photo"]


def test_a_clip_is_opened_by_its_path(made_clip):
    with nst.open_source(made_clip("three_frames.mov"), live=False) as clip:
        assert clip.read() is not None


def test_sizes_and_strengths_of_numpy_types_are_numbers():
    assert stylizer(np.int64(32)).stylize(IMAGE, CODE, np.float32(0.5)).shape == IMAGE.shape
