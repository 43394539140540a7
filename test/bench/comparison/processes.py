"""Processes that are not children of this one, and the limits that they inherit."""

import os
import resource
import select
import signal


def raise_descriptor_limit(needed):
    """Lets this process and the servers that it starts have `needed` open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(hard, needed)))
    except (ValueError, PermissionError) as error:
        raise SystemExit(f"compare.py: cannot raise the limit of open files to {needed}: {error}") from error


def stop(pid, how=signal.SIGTERM, patience_s=30):
    """Ends a process and waits until it is gone."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, how)
        gone, _, _ = select.select([handle], [], [], patience_s)
        if not gone:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], patience_s)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def resident_kb(pid):
    """VmRSS, RssAnon and RssFile of a process, in KiB."""
    wanted = {"VmRSS": 0, "RssAnon": 0, "RssFile": 0}
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            key, _, rest = line.partition(":")
            if key in wanted:
                wanted[key] = int(rest.split()[0])
    return wanted
