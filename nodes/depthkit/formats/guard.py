"""One place that turns a decoder's own exceptions into a sentence for the user."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from lzma import LZMAError

from ..errors import DepthError, FormatError

__all__ = ["damaged_is_an_error"]

# What Pillow, numpy, zlib, OpenEXR and trimesh raise on damaged input.
_DAMAGE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    AttributeError,
    AssertionError,
    MemoryError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    tokenize.TokenError,  # numpy reads old array headers as Python text
    NameError,  # trimesh goes on behind a damaged PLY header
    LZMAError,
)


@contextmanager
def damaged_is_an_error(what: str) -> Generator[None, None, None]:
    """Inside, every failure of a decoder library becomes a FormatError that names the format."""
    from PIL import Image

    try:
        yield
    except DepthError:
        raise
    except Image.DecompressionBombError as error:
        raise FormatError(
            f"This {what} file has more pixels than are opened here; make it smaller. ({error})"
        ) from error
    except NotImplementedError as error:
        raise FormatError(
            f"This kind of {what} is not supported ({error}). Save it uncompressed, as 16-bit grey "
            "or 32-bit float."
        ) from error
    except _DAMAGE as error:
        raise FormatError(
            f"This {what} file is damaged or not what its name says ({error}); save it again from "
            "the program that made it."
        ) from error
