"""Styles are encoded once, in the background, and swapped in when ready."""

import contextlib
import threading
import time

import numpy as np
import pytest
from support.doubles import MeanColour

from realtime_nst.errors import StyleError
from realtime_nst.live.style_encoder import Choice, StyleEncoder
from realtime_nst.stylizer import Stylizer


def plain(value):
    return lambda: np.full((4, 4, 3), value, np.uint8)


def unreadable():
    raise StyleError("torn.jpg is not an image")


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def encode():
    """Encode (name, reader) pairs; yield the encoder, which is closed at the end, and its stylizer."""
    with contextlib.ExitStack() as opened:

        def start(styles, *, prefetch=False, network=None):
            stylizer = Stylizer(network or MeanColour())
            encoder = StyleEncoder(stylizer, [Choice(*each) for each in styles], prefetch=prefetch)
            return opened.enter_context(contextlib.closing(encoder)), stylizer

        yield start


def test_only_requested_styles_are_encoded_and_only_once(encode):
    styles, stylizer = encode([(str(v), plain(v)) for v in (10, 20, 30)])
    assert styles.code(wait=True)[0] == 10
    styles.request(2)
    until(lambda: styles.code()[0] == 30)
    styles.request(0)
    assert styles.code()[0] == 10
    assert stylizer.encodes == 2


def test_prefetch_encodes_the_others_too(encode):
    styles, stylizer = encode([(str(v), plain(v)) for v in (10, 20, 30)], prefetch=True)
    until(lambda: stylizer.encodes == 3)
    styles.step(1)
    assert styles.code()[0] == 20
    assert styles.ready


def test_the_current_style_stays_until_the_requested_one_is_ready(encode):
    gate = threading.Event()

    def slow():
        gate.wait(10)
        return plain(20)()

    styles, _ = encode([("a", plain(10)), ("slow", slow)])
    styles.code(wait=True)
    styles.step(1)
    for _ in range(3):
        assert styles.code()[0] == 10
        assert not styles.ready
    assert styles.name(styles.requested) == "slow"
    gate.set()
    until(lambda: styles.code()[0] == 20)
    assert styles.ready
    assert styles.current == 1


def test_there_is_no_code_until_the_first_style_is_ready(encode):
    gate = threading.Event()

    def slow():
        gate.wait(10)
        return plain(10)()

    styles, _ = encode([("slow", slow)])
    assert styles.code() is None
    gate.set()
    assert styles.code(wait=True)[0] == 10


def test_steps_wrap_around(encode):
    styles, _ = encode([(str(v), plain(v)) for v in (10, 20, 30)])
    styles.step(-1)
    assert styles.requested == 2
    styles.step(2)
    assert styles.requested == 1


def test_an_unreadable_style_is_reported_and_skipped(encode):
    styles, _ = encode([("a", plain(10)), ("torn", unreadable), ("c", plain(30))])
    styles.code(wait=True)
    styles.step(1)
    until(lambda: styles.errors)
    assert "torn.jpg" in str(styles.errors[0])
    until(lambda: styles.requested == 0)
    styles.step(1)
    until(lambda: styles.code()[0] == 30)
    styles.step(-1)
    until(lambda: styles.code()[0] == 10)


def test_an_unreadable_style_that_is_requested_again_is_reported_again_and_not_kept_preparing(encode):
    styles, _ = encode([("a", plain(10)), ("torn", unreadable)], prefetch=True)
    styles.code(wait=True)
    until(lambda: len(styles.errors) == 1)
    styles.request(1)
    until(lambda: len(styles.errors) == 2)
    until(lambda: styles.ready)
    assert styles.requested == 0


def test_an_unreadable_style_that_was_repaired_is_used_when_requested_again(encode):
    images = [unreadable, plain(20)]
    styles, _ = encode([("a", plain(10)), ("torn", lambda: images[0]())], prefetch=True)
    until(lambda: styles.errors)
    del images[0]
    styles.request(1)
    until(lambda: styles.code()[0] == 20)


def test_unreadable_styles_before_the_first_readable_one_are_skipped(encode):
    styles, _ = encode([("torn", unreadable), ("b", plain(20)), ("torn too", unreadable)])
    styles.request(2)
    assert styles.code(wait=True)[0] == 20


def test_an_unreadable_style_requested_before_the_first_frame_leaves_the_ready_one(encode):
    styles, stylizer = encode([("torn", unreadable), ("b", plain(20)), ("torn too", unreadable)])
    until(lambda: stylizer.encodes == 1)
    styles.request(2)
    assert styles.code(wait=True)[0] == 20


def test_the_second_style_replaces_an_unreadable_first_one(encode):
    styles, _ = encode([("torn", unreadable), ("b", plain(20))])
    assert styles.code(wait=True)[0] == 20
    assert len(styles.errors) == 1


def test_no_readable_style_is_an_error(encode):
    styles, _ = encode([("torn", unreadable), ("torn too", unreadable)])
    with pytest.raises(StyleError, match=r"torn\.jpg"):
        styles.code(wait=True)


def test_any_other_failure_reaches_the_run(encode):
    class Broken(MeanColour):
        def encode(self, image):
            raise MemoryError

    styles, _ = encode([("a", plain(10))], network=Broken())
    with pytest.raises(MemoryError):
        styles.code(wait=True)
