"""Draws camera crops of one digit of a utility meter, with labels.

An image is IMAGE_PX x IMAGE_PX, 8-bit grey. The label is the digit that fills most of the window: on a rolling drum
two digits show, and the roll stops short of half a pitch, where no label would be right.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from glyphs import GLYPH_PX, HELD_OUT_FACES, SEVEN_SEGMENT, TRAINING_FACES, face_masks, seven_segment_mask

IMAGE_PX = 28
OVERSAMPLE = 2
FINE_PX = IMAGE_PX * OVERSAMPLE
MAX_ROLL = 0.42  # of the distance between two digits on a drum; with MAX_SHIFT_PX still short of half of it
MAX_SHIFT_PX = np.array([2.2, 1.2])  # error of the crop, across and along the drum
SEVEN_SEGMENT_SHARE = 0.2


@dataclass
class DigitSet:
    """images: uint8 [n, 28, 28]; labels: int64 [n], 0..9; faces: the typeface of each image."""

    images: np.ndarray
    labels: np.ndarray
    faces: list[str]


def _stack(masks: list[np.ndarray], digit: int, pitch: float) -> np.ndarray:
    """The drum unrolled: the digit in the middle, its predecessor above and its successor below, `pitch` apart."""
    height, width = int(GLYPH_PX * 4.5), int(GLYPH_PX * 1.6)
    strip = np.zeros((height, width), np.float32)
    for step in (-1, 0, 1):
        mask = masks[(digit + step) % 10]
        top = int(height / 2 + step * pitch - GLYPH_PX / 2)
        left = (width - mask.shape[1]) // 2
        area = strip[top : top + GLYPH_PX, left : left + mask.shape[1]]
        np.maximum(area, mask[: area.shape[0]], out=area)
    return strip


def _place(strip: np.ndarray, roll: float, rng: np.random.Generator) -> np.ndarray:
    """The strip seen by the camera: moved by `roll` (in glyph pixels), scaled, rotated, sheared; FINE_PX square."""
    height_fine = rng.uniform(0.58, 0.88) * FINE_PX
    scale_y = GLYPH_PX / height_fine
    scale_x = scale_y * rng.uniform(0.8, 1.2)
    angle = np.deg2rad(rng.uniform(-9, 9))
    shear = rng.uniform(-0.12, 0.12)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.diag([scale_x, scale_y]) @ np.array([[1, shear], [0, 1]]) @ turn
    shift = rng.uniform(-1, 1, 2) * MAX_SHIFT_PX * OVERSAMPLE
    centre = np.array([strip.shape[1] / 2, strip.shape[0] / 2 + roll])
    offset = centre - matrix @ (np.full(2, FINE_PX / 2) + shift)
    coefficients = (*matrix[0], offset[0], *matrix[1], offset[1])
    placed = Image.fromarray(strip, "F").transform(
        (FINE_PX, FINE_PX), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(placed)


_Y, _X = np.mgrid[0:FINE_PX, 0:FINE_PX].astype(np.float32) / FINE_PX - 0.5


def _blob(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """A soft elliptic spot somewhere in the window, 0..1; low and high bound its radius as a share of the window."""
    cx, cy = rng.uniform(-0.5, 0.5, 2)
    rx, ry = rng.uniform(low, high, 2)
    return np.exp(-(((_X - cx) / rx) ** 2) - ((_Y - cy) / ry) ** 2)


def _light(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uneven light: a gradient, the falling-off of a drum towards its edges, a glare spot."""
    direction = rng.uniform(0, 2 * np.pi)
    scene = scene * (1 + rng.uniform(0, 0.9) * (np.cos(direction) * _X + np.sin(direction) * _Y))
    if rng.random() < 0.4:
        scene = scene * np.cos(_Y * np.pi * rng.uniform(0.3, 0.8))
    if rng.random() < 0.25:
        scene = scene + rng.uniform(0.1, 0.45) * _blob(rng, 0.08, 0.3)
    return scene


def _soil(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Dirt on the glass: specks, smears and scratches, darker or lighter than what lies beneath."""
    for _ in range(rng.choice([0, 0, 1, 2, 4])):
        spot = _blob(rng, 0.015, 0.07) * rng.uniform(0.3, 0.9)
        scene = scene * (1 - spot) + spot * rng.uniform(0, 0.7)
    if rng.random() < 0.2:
        smear = _blob(rng, 0.15, 0.5) * rng.uniform(0.2, 0.5)
        scene = scene * (1 - smear) + smear * rng.uniform(0.2, 0.6)
    if rng.random() < 0.15:
        angle, distance = rng.uniform(0, np.pi), rng.uniform(-0.35, 0.35)
        line = np.abs(np.cos(angle) * _X + np.sin(angle) * _Y - distance) < rng.uniform(0.008, 0.02)
        scene = np.where(line, scene + rng.uniform(-0.35, 0.35), scene)
    return scene


def _cover(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What hides part of the digit: the frame of the window on some sides, a slanting edge (cable, sticker, shadow)."""
    frame = rng.uniform(0, 1)
    for distance in (0.5 + _X, 0.5 - _X, 0.5 + _Y, 0.5 - _Y):
        if rng.random() < 0.2:
            scene = np.where(distance < rng.uniform(0.02, 0.12), frame, scene)
    if rng.random() < 0.12:
        angle = rng.uniform(0, 2 * np.pi)
        hidden = np.cos(angle) * _X + np.sin(angle) * _Y > rng.uniform(0.24, 0.45)
        scene = np.where(hidden, scene * rng.uniform(0.2, 0.6) if rng.random() < 0.5 else rng.uniform(0, 1), scene)
    return scene


def _camera(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lens and sensor: blur, reduction to IMAGE_PX, exposure, noise, 8 bits."""
    blurred = Image.fromarray(scene.astype(np.float32), "F")
    pixels = np.asarray(blurred).reshape(IMAGE_PX, OVERSAMPLE, IMAGE_PX, OVERSAMPLE).mean((1, 3))
    grey = np.clip(pixels, 0, 1) ** rng.uniform(0.7, 1.4) * 255
    image = Image.fromarray(grey.astype(np.uint8), "L").filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.1)))
    noise = rng.normal(0, rng.uniform(0, 0.07) * 255, (IMAGE_PX, IMAGE_PX))
    return np.clip(np.round(np.asarray(image) + noise), 0, 255).astype(np.uint8)


def _draw(face: str, masks: list[np.ndarray], digit: int, rng: np.random.Generator) -> np.ndarray:
    """One image. Drums show neighbours and may be rolling; displays (seven segment) show one digit alone."""
    if face == SEVEN_SEGMENT:
        blank = np.zeros((GLYPH_PX, 1), np.float32)
        masks = [blank] * 10
        masks[digit] = seven_segment_mask(digit, rng)
        roll = 0.0
    else:
        roll = rng.uniform(-MAX_ROLL, MAX_ROLL) if rng.random() < 0.35 else rng.normal(0, 0.02)
    pitch = GLYPH_PX * rng.uniform(1.15, 1.6)
    ink = _place(_stack(masks, digit, pitch), roll * pitch, rng)
    ground, figure = rng.uniform(0.05, 0.95, 2)
    while abs(ground - figure) < 0.3:
        ground, figure = rng.uniform(0.05, 0.95, 2)
    scene = ground + (figure - ground) * ink
    for step in (_cover, _soil, _light, _camera):
        scene = step(scene, rng)
    return scene


def draw_set(count: int, seed: int, faces: dict[str, tuple[str, str]], seven_segment: bool) -> DigitSet:
    """`count` images from typefaces chosen evenly, labels in turn 0..9 then shuffled; the same seed, the same bytes."""
    rng = np.random.default_rng(seed)
    masks = {name: face_masks(*where) for name, where in faces.items()}
    labels = rng.permutation(np.arange(count) % 10)
    names = list(masks)
    chosen = [
        SEVEN_SEGMENT if seven_segment and rng.random() < SEVEN_SEGMENT_SHARE else names[rng.integers(len(names))]
        for _ in range(count)
    ]
    images = np.stack(
        [_draw(face, masks.get(face, []), int(digit), rng) for face, digit in zip(chosen, labels, strict=True)]
    )
    return DigitSet(images, labels, chosen)


def training_faces_set(count: int, seed: int) -> DigitSet:
    """Images in the typefaces the network learns from, seven-segment digits among them."""
    return draw_set(count, seed, TRAINING_FACES, seven_segment=True)


def held_out_faces_set(count: int, seed: int) -> DigitSet:
    """Images in typefaces that training, validation and calibration never see."""
    return draw_set(count, seed, HELD_OUT_FACES, seven_segment=False)
