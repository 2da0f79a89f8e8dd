"""Find the picture that somebody holds in front of a camera."""

from __future__ import annotations

import cv2
import numpy as np

from ..frames import Image
from ..media.resize import downscale

SEARCHED = 480
"""Long side, in pixels, of the image that is searched."""
SMALLEST, LARGEST = 0.06, 0.95
"""Shares of the frame that a held picture may cover."""
FILLED = (0.94, 0.85)
"""Shares of a contour's hull that the contour encloses and the quadrilateral fills: the best, then the least."""
THRESHOLDS = (40, 80, 140)
"""Strengths of edges, as those of a brightness gradient in Canny's algorithm."""
BOX = 0.7
"""Sides of the box in which a picture is to be held, as a share of the frame's sides."""


def held_picture(image: Image) -> tuple[Image, bool]:
    """Return the picture that is held in front of a camera, upright: the largest quadrilateral in the frame.

    Args:
        image: uint8 BGR, H x W x 3.

    Returns:
        A new image, uint8 BGR, and whether a quadrilateral was found; if not, the image is the box in the middle.
    """
    corners = _largest_quadrilateral(image)
    if corners is None:
        top, left, bottom, right = box(image.shape[0], image.shape[1])
        return np.ascontiguousarray(image[top:bottom, left:right]), False
    (a, b, c, d) = corners
    width = max(round(float(max(np.linalg.norm(b - a), np.linalg.norm(c - d)))), 1)
    height = max(round(float(max(np.linalg.norm(d - a), np.linalg.norm(c - b)))), 1)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    return cv2.warpPerspective(image, matrix, (width, height)), True


def box(height: int, width: int) -> tuple[int, int, int, int]:
    """Return (top, left, bottom, right), in pixels, of the box in the middle of a frame."""
    inner_height, inner_width = round(height * BOX), round(width * BOX)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    return top, left, top + inner_height, left + inner_width


def _largest_quadrilateral(image: Image) -> np.ndarray | None:
    """Return the corners, float32 4 x 2 as x and y, clockwise from the top left one; None if there is none."""
    height, width = image.shape[:2]
    scale = min(SEARCHED / max(height, width), 1.0)
    small = downscale(image, (max(round(height * scale), 1), max(round(width * scale), 1)))
    area = small.shape[0] * small.shape[1]
    found: list[tuple[float, float, np.ndarray]] = []
    for channel in cv2.split(cv2.GaussianBlur(small, (5, 5), 0)):
        for threshold in THRESHOLDS:
            edges = cv2.dilate(cv2.Canny(channel, threshold / 2, threshold), np.ones((3, 3), np.uint8))
            contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
            for contour in contours:
                hull = cv2.convexHull(contour)
                corners = cv2.approxPolyDP(hull, 0.03 * cv2.arcLength(hull, True), True)
                size = cv2.contourArea(corners)
                if len(corners) == 4 and SMALLEST * area < size < LARGEST * area:
                    filled = min(cv2.contourArea(contour), size) / cv2.contourArea(hull)
                    found.append((filled, size, corners.reshape(4, 2).astype(np.float32)))
    # A hand may cover part of an edge, or the edge may run into another one: such contours fit less well.
    for least in FILLED:
        fitting = [(size, corners) for filled, size, corners in found if filled > least]
        if fitting:
            return _in_order(max(fitting, key=lambda one: one[0])[1]) / np.float32(scale)
    return None


def _in_order(corners: np.ndarray) -> np.ndarray:
    """Return four corners clockwise from the top left one."""
    offsets = corners - corners.mean(axis=0)
    clockwise = corners[np.argsort(np.arctan2(offsets[:, 1], offsets[:, 0]))]
    return np.roll(clockwise, -int(np.argmin(clockwise.sum(axis=1))), axis=0)
