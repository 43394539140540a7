"""What the figures were measured on."""

import os
import pathlib
import platform
import statistics
import subprocess
import time


def first_value(path, key):
    for text in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        name, _, value = text.partition(":")
        if name.strip() == key:
            return value.strip()
    return "unknown"


def distribution():
    return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")


def file_system(directory):
    shown = subprocess.run(
        ["findmnt", "-n", "-o", "FSTYPE,OPTIONS", "-T", str(directory)],
        check=False, capture_output=True, text=True,
    )
    return " ".join(shown.stdout.split()) or "unknown"


def sync_us_median(directory, count=500):
    """How long the disk takes to make 4 KiB durable, appended to a file. Bounds every durable write."""
    path = pathlib.Path(directory) / "sync-probe"
    times = []
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in range(count):
            started_at = time.perf_counter()
            os.write(fd, b"x" * 4096)
            os.fdatasync(fd)
            times.append(time.perf_counter() - started_at)
    finally:
        os.close(fd)
        path.unlink()
    return statistics.median(times) * 1e6


def description(directory):
    memory_kb = int(first_value("/proc/meminfo", "MemTotal").split()[0])
    load = os.getloadavg()[0]
    return [
        f"{first_value('/proc/cpuinfo', 'model name')}, {os.cpu_count()} CPUs, {memory_kb / 2**20:.0f} GiB;"
        f" server and client share the CPUs",
        f"{distribution()}, Linux {platform.release()}",
        f"data on {file_system(directory)}; 4 KiB append + fdatasync: {sync_us_median(directory):.0f} µs (median)",
        f"load average before the first run: {load:.2f}",
    ]
