"""Styles are encoded once, in the background, and swapped in when ready."""

import threading
import time

import numpy as np
import pytest
from support.doubles import MeanColour

from realtime_nst.errors import StyleError
from realtime_nst.live.style_encoder import StyleEncoder
from realtime_nst.stylizer import Stylizer


def plain(value):
    return lambda: np.full((4, 4, 3), value, np.uint8)


def unreadable():
    raise StyleError("torn.jpg is not a picture")


def until(wish):
    end = time.monotonic() + 10
    while not wish():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def book():
    """Make a book of (name, loader) pairs; closed at the end."""
    made = []

    def make(styles, *, prefetch=False, network=None):
        stylizer = Stylizer(network or MeanColour())
        made.append(StyleEncoder(stylizer, styles, prefetch=prefetch))
        return made[-1], stylizer

    yield make
    for one in made:
        one.close()


def test_only_what_is_wanted_is_encoded_and_only_once(book):
    styles, stylizer = book([(str(v), plain(v)) for v in (10, 20, 30)])
    assert styles.code(wait=True)[0] == 10
    styles.request(2)
    until(lambda: styles.code()[0] == 30)
    styles.request(0)
    assert styles.code()[0] == 10
    assert stylizer.encodes == 2


def test_prefetch_encodes_the_others_too(book):
    styles, stylizer = book([(str(v), plain(v)) for v in (10, 20, 30)], prefetch=True)
    until(lambda: stylizer.encodes == 3)
    styles.step(1)
    assert styles.code()[0] == 20 and styles.ready


def test_the_style_before_stays_until_the_next_is_ready(book):
    gate = threading.Event()

    def slow():
        gate.wait(10)
        return plain(20)()

    styles, _ = book([("a", plain(10)), ("slow", slow)])
    styles.code(wait=True)
    styles.step(1)
    for _ in range(3):
        assert styles.code()[0] == 10 and not styles.ready
    assert styles.name(styles.requested) == "slow"
    gate.set()
    until(lambda: styles.code()[0] == 20)
    assert styles.ready and styles.current == 1


def test_there_is_no_code_until_the_first_is_ready(book):
    gate = threading.Event()

    def slow():
        gate.wait(10)
        return plain(10)()

    styles, _ = book([("slow", slow)])
    assert styles.code() is None
    gate.set()
    assert styles.code(wait=True)[0] == 10


def test_steps_go_round(book):
    styles, _ = book([(str(v), plain(v)) for v in (10, 20, 30)])
    styles.step(-1)
    assert styles.requested == 2
    styles.step(2)
    assert styles.requested == 1


def test_a_picture_that_cannot_be_read_is_told_and_skipped(book):
    styles, _ = book([("a", plain(10)), ("torn", unreadable), ("c", plain(30))])
    styles.code(wait=True)
    styles.step(1)
    until(lambda: styles.errors)
    assert "torn.jpg" in str(styles.errors[0]) and styles.requested == 0
    styles.step(1)
    until(lambda: styles.code()[0] == 30)
    styles.step(-1)
    until(lambda: styles.code()[0] == 10)


def test_an_unreadable_style_that_is_requested_again_is_reported_again_and_not_kept_preparing(book):
    styles, _ = book([("a", plain(10)), ("torn", unreadable)], prefetch=True)
    styles.code(wait=True)
    until(lambda: len(styles.errors) == 1)
    styles.request(1)
    until(lambda: len(styles.errors) == 2)
    assert styles.ready and styles.requested == 0


def test_an_unreadable_style_that_has_been_mended_is_used(book):
    images = [unreadable, plain(20)]
    styles, _ = book([("a", plain(10)), ("torn", lambda: images[0]())], prefetch=True)
    until(lambda: styles.errors)
    del images[0]
    styles.request(1)
    until(lambda: styles.code()[0] == 20)


def test_unreadable_styles_before_the_first_ready_one_are_all_passed(book):
    styles, _ = book([("torn", unreadable), ("b", plain(20)), ("torn too", unreadable)])
    styles.request(2)
    assert styles.code(wait=True)[0] == 20


def test_the_first_picture_unreadable_gives_way_to_the_second(book):
    styles, _ = book([("torn", unreadable), ("b", plain(20))])
    assert styles.code(wait=True)[0] == 20
    assert len(styles.errors) == 1


def test_no_readable_picture_is_an_error(book):
    styles, _ = book([("torn", unreadable), ("torn too", unreadable)])
    with pytest.raises(StyleError, match="torn.jpg"):
        styles.code(wait=True)


def test_what_else_goes_wrong_reaches_the_run(book):
    class Broken(MeanColour):
        def encode(self, image):
            raise MemoryError

    styles, _ = book([("a", plain(10))], network=Broken())
    with pytest.raises(MemoryError):
        styles.code(wait=True)
