"""Let an interrupt of the kernel end the computation of a picture, in whatever thread it runs.

Between cells ipykernel ignores interrupts. A widget's message is then answered in the main thread, or, since
ipykernel 7, in a thread of its own, which no signal reaches. So the kernel gets a handler in place of the one that
ignores: it ends the pictures that are being computed, and does nothing else.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from IPython import get_ipython

# The threads that compute a picture, and the lock under which they enter, leave and are interrupted.
_COMPUTING: set[int] = set()
_LOCK = threading.RLock()


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt in what runs inside when the kernel is interrupted, between cells and while one runs."""
    here = threading.get_ident()
    listen()
    with _LOCK:
        _COMPUTING.add(here)
    try:
        yield
    finally:
        with _LOCK:
            _COMPUTING.discard(here)
            if threading.current_thread() is not threading.main_thread():
                _raise_in(here, None)  # an interrupt that came too late is forgotten


def listen() -> None:
    """Put the handler in the place of one that ignores: now in the main thread, else once the kernel is idle."""
    if threading.current_thread() is threading.main_thread():
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, _interrupt)
        return
    loop = getattr(getattr(get_ipython(), "kernel", None), "io_loop", None)
    if loop is not None:
        loop.add_callback(listen)


def _interrupt(*_: Any) -> None:
    with _LOCK:
        threads = set(_COMPUTING)
        for thread in threads - {threading.get_ident()}:
            _raise_in(thread, KeyboardInterrupt)
    if threading.get_ident() in threads:
        raise KeyboardInterrupt


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Raise `error` in a thread at its next step of Python; None takes back one that was not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error and ctypes.py_object(error))
