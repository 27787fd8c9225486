"""Digit shapes: for each typeface, ten ink masks of one common height.

A mask is a float32 array in 0..1 (1 is ink), GLYPH_PX high. Typefaces come from pinned Python packages, so that the
data set does not depend on what fonts the machine has; seven-segment digits are drawn by code.
"""

import importlib.util
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GLYPH_PX = 96
SEVEN_SEGMENT = "Seven segment"

# Typeface name -> Python package and the font file inside it. Upright faces with lining figures only, as on meters.
TRAINING_FACES = {
    "DejaVu Sans": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf"),
    "DejaVu Sans Bold": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans-Bold.ttf"),
    "DejaVu Sans Mono": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSansMono.ttf"),
    "DejaVu Sans Mono Bold": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSansMono-Bold.ttf"),
    "DejaVu Serif Bold": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSerif-Bold.ttf"),
    "STIX General": ("matplotlib", "mpl-data/fonts/ttf/STIXGeneral.ttf"),
    "Computer Modern Sans": ("matplotlib", "mpl-data/fonts/ttf/cmss10.ttf"),
    "Roboto Regular": ("font_roboto", "files/Roboto-Regular.ttf"),
    "Roboto Bold": ("font_roboto", "files/Roboto-Bold.ttf"),
    "Source Sans Pro Regular": ("font_source_sans_pro", "files/SourceSansPro-Regular.ttf"),
    "Source Sans Pro Bold": ("font_source_sans_pro", "files/SourceSansPro-Bold.ttf"),
    "Source Serif Pro Regular": ("font_source_serif_pro", "files/SourceSerifPro-Regular.ttf"),
    "Fredoka One": ("font_fredoka_one", "files/FredokaOne-Regular.ttf"),
    "Aileron": ("PIL", "ImageFont.load_default"),
}

# Never drawn for training, validation or calibration: they measure reading of a meter of an unseen make.
HELD_OUT_FACES = {
    "Lato Regular": ("font_lato", "files/Lato-Regular.ttf"),
    "Lato Bold": ("font_lato", "files/Lato-Bold.ttf"),
    "Caladea Bold": ("font_caladea", "files/Caladea-Bold.ttf"),
}

# Segments a to g as (x0, y0, x1, y1) of their centre lines in a box that is 1 wide and 2 high.
SEGMENTS = {
    "a": (0, 0, 1, 0), "b": (1, 0, 1, 1), "c": (1, 1, 1, 2), "d": (0, 2, 1, 2),
    "e": (0, 1, 0, 2), "f": (0, 0, 0, 1), "g": (0, 1, 1, 1),
}  # fmt: skip
LIT = ["abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg"]


def _font_file(package: str, inside: str) -> Path:
    """Path of a font file in an installed package, found without importing the package (some import pkg_resources)."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"package {package} is missing: pip install -r tools/train-digits/requirements.txt")
    return Path(spec.origin).parent / inside


def face_masks(package: str, inside: str) -> list[np.ndarray]:
    """The ten masks of one typeface, scaled so that its figure height (that of '8') is GLYPH_PX."""
    if package == "PIL":
        data = ImageFont.load_default(size=20).font_bytes
    else:
        data = _font_file(package, inside).read_bytes()
    probe = ImageFont.truetype(io.BytesIO(data), 200)
    _, top, _, bottom = probe.getbbox("8")
    font = ImageFont.truetype(io.BytesIO(data), round(200 * GLYPH_PX / (bottom - top)))
    _, top, _, _ = font.getbbox("8")
    masks = []
    for digit in "0123456789":
        left, _, right, _ = font.getbbox(digit)
        image = Image.new("L", (right - left, GLYPH_PX))
        ImageDraw.Draw(image).text((-left, -top), digit, font=font, fill=255)
        masks.append(np.asarray(image, np.float32) / 255)
    return masks


def seven_segment_mask(digit: int, rng: np.random.Generator) -> np.ndarray:
    """One seven-segment digit; stroke, width, gaps, slant and the ghost of the dark segments are drawn at random."""
    stroke = rng.uniform(0.10, 0.17) * GLYPH_PX
    width = rng.uniform(0.50, 0.66) * GLYPH_PX
    gap = rng.uniform(0.0, 0.03) * GLYPH_PX
    slant = rng.choice([0.0, rng.uniform(0.05, 0.16)])
    ghost = rng.choice([0.0, rng.uniform(0.03, 0.15)])
    unit_x, unit_y = width - stroke, (GLYPH_PX - stroke) / 2
    lit = LIT[digit]
    if digit in (6, 9, 7) and rng.random() < 0.25:  # makers differ in the tail of 6 and 9 and the hook of 7
        lit = {6: "fgedc", 9: "abcfg", 7: "abcf"}[digit]
    shift = slant * GLYPH_PX
    image = Image.new("L", (int(width + shift) + 2, GLYPH_PX))
    draw = ImageDraw.Draw(image)
    for name, (x0, y0, x1, y1) in SEGMENTS.items():
        level = 1.0 if name in lit else ghost
        ax, ay = x0 * unit_x + stroke / 2, y0 * unit_y + stroke / 2
        bx, by = x1 * unit_x + stroke / 2, y1 * unit_y + stroke / 2
        half = stroke / 2
        if y0 == y1:  # a bar with pointed ends, lying
            ax, bx = ax + gap, bx - gap
            points = [(ax, ay), (ax + half, ay - half), (bx - half, by - half),
                      (bx, by), (bx - half, by + half), (ax + half, ay + half)]  # fmt: skip
        else:
            ay, by = ay + gap, by - gap
            points = [(ax, ay), (ax + half, ay + half), (bx + half, by - half),
                      (bx, by), (bx - half, by - half), (ax - half, ay + half)]  # fmt: skip
        sheared = [(x + shift * (1 - y / GLYPH_PX), y) for x, y in points]
        draw.polygon(sheared, fill=int(255 * level))
    return np.asarray(image, np.float32) / 255
