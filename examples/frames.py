"""Video frames through two filters into a contact sheet: large arrays in shared memory, never in a socket.

`frames` draws made-up frames of 1080 × 1920 pixels, `blur` and `edges` are filters in numpy, and
`ContactSheet` keeps a thumbnail of each and writes one PNG when the job ends. Wants numpy
(`pip install "routilux[examples]"`).

    routilux run examples/frames.py:flow -p count=96 --workers blur=2
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routilux import Event, Flow, Routine, Runtime, Slot, routine

HEIGHT, WIDTH = 1080, 1920
KERNEL = (1, 4, 6, 4, 1)
"""Binomial coefficients, close to a Gaussian bell; their sum is 16."""

Image = npt.NDArray[np.uint8]


class Frame(NamedTuple):
    """One image, and its place in the film."""

    number: int
    image: Image


@routine
def frames(count: int = 48) -> Iterator[Frame]:
    """A disc and a bar that move over a gradient."""
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    for number in range(count):
        image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        image[..., 0] = (rows * 255 // HEIGHT + number) % 256
        image[..., 1] = (columns * 255 // WIDTH + 2 * number) % 256
        image[..., 2] = 64
        x, y = 200 + 37 * number % (WIDTH - 400), 200 + 23 * number % (HEIGHT - 400)
        image[(rows - y) ** 2 + (columns - x) ** 2 < 150**2] = (250, 220, 40)
        image[:, 61 * number % (WIDTH - 60) :][:, :60] = (20, 30, 200)
        yield Frame(number, image)


@routine
def blur(frame: Frame) -> Frame:
    """Smooth along the columns, then along the rows: a separable filter costs 5 + 5 instead of 25."""
    return Frame(frame.number, _smooth(_smooth(frame.image, axis=0), axis=1))


def _smooth(image: Image, axis: int) -> Image:
    pads = [(2, 2) if side == axis else (0, 0) for side in range(3)]
    padded = np.pad(image, pads, mode="edge").astype(np.uint16)  # at most 16 × 255: two bytes are enough
    length = image.shape[axis]
    shifted = (np.moveaxis(padded, axis, 0)[offset : offset + length] for offset in range(5))
    total = sum(weight * part for weight, part in zip(KERNEL, shifted, strict=True))
    return np.moveaxis(np.asarray(total) // 16, 0, axis).astype(np.uint8)


@routine
def edges(frame: Frame) -> Frame:
    """How fast the brightness changes, by Sobel's two kernels; one channel."""
    grey = frame.image.mean(axis=2, dtype=np.float32)
    rows = grey[:-2] + 2 * grey[1:-1] + grey[2:]
    columns = grey[:, :-2] + 2 * grey[:, 1:-1] + grey[:, 2:]
    strength = np.hypot(rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2])
    return Frame(frame.number, np.minimum(strength, 255).astype(np.uint8))


class ContactSheet(Routine):
    """One PNG per job with a thumbnail of each frame, in the order of the film, whichever came first."""

    frame = Slot[Frame]()
    sheet = Event[dict[str, object]]()
    path: str = "contact-sheet.png"
    columns: int = 8
    shrink: int = 12

    def logic(self, frame: Frame) -> None:
        self.state[str(frame.number)] = frame.image[:: self.shrink, :: self.shrink].copy()

    def finish(self) -> None:
        thumbnails = [self.state[number] for number in sorted(self.state, key=int)]
        if not thumbnails:
            return
        thumbnails += [np.zeros_like(thumbnails[0])] * (-len(thumbnails) % self.columns)
        rows = [
            np.hstack(thumbnails[at : at + self.columns]) for at in range(0, len(thumbnails), self.columns)
        ]
        data = png(np.vstack(rows))
        Path(self.path).write_bytes(data)
        self.sheet.emit(
            {"path": str(Path(self.path).absolute()), "bytes": len(data), "frames": len(self.state)}
        )


def png(grey: Image) -> bytes:
    """A greyscale image as a PNG file (W3C, PNG Specification, 2003)."""
    height, width = grey.shape
    header = struct.pack(
        ">IIBBBBB", width, height, 8, 0, 0, 0, 0
    )  # eight bits, one channel, nothing interlaced
    rows = np.hstack([np.zeros((height, 1), np.uint8), grey])  # each row begins with its filter: none
    chunks = _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows.tobytes())), _chunk(b"IEND", b"")
    return b"".join((b"\x89PNG\r\n\x1a\n", *chunks))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


flow = Flow("frames")
flow.add_routine(frames, "frames")
flow.add_routine(blur, "blur")
flow.add_routine(edges, "edges")
flow.add_routine(ContactSheet, "contact_sheet")
flow.connect("frames", "output", "blur", "frame")
flow.connect("blur", "output", "edges", "frame")
flow.connect("edges", "output", "contact_sheet", "frame")

if __name__ == "__main__":
    with Runtime() as runtime:
        print(runtime.run(flow, count=16))
