"""Hears a widget's messages while a cell runs, on ipykernel 6 too.

ipykernel 7 serves comms on a subshell beside the running cell. ipykernel 6 has one shell, which is
busy then; but it listens on the control channel in a thread of its own. So there the page sends
its messages over the control channel, and this teaches the kernel to take them from it.
"""

from typing import Any


def control_channel_needed() -> bool:
    """Whether this kernel serves comms only between cells; if so, also take them from control.

    Returns:
        True where the page should send over the control channel. False on ipykernel 7, in another
        kernel, or in none.
    """
    kernel = _kernel()
    if kernel is None or getattr(kernel, "_supports_kernel_subshells", False):
        return False
    handlers = getattr(kernel, "control_handlers", None)
    manager = getattr(kernel, "comm_manager", None)
    if handlers is None or manager is None or getattr(kernel, "control_thread", None) is None:
        return False
    handlers.setdefault("comm_msg", manager.comm_msg)
    return True


def _kernel() -> Any:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return getattr(get_ipython(), "kernel", None)
