#!/usr/bin/env python3
"""Checks that the arrows between the folders are those of docs/architecture.md, and no others.

    scripts/check-layers.py [ROOT]

Looks at each #include line of common, server, client, and at what each folder's CMakeLists.txt links. The pure rooms
(common and the deterministic core) may not reach a file, socket, thread, database or clock either. Prints one line
per violation as FILE:LINE: TEXT; the exit code is 1 if there is any.

A new arrow changes the tables below, and so is seen in review.
"""

import re
import sys
from pathlib import Path
from typing import Iterator, NamedTuple, Optional


class Room(NamedTuple):
    """What a folder may include: its own files always, `rooms` besides, and `libraries`."""

    rooms: frozenset
    libraries: frozenset


def room(rooms: str = "", libraries: str = "") -> Room:
    return Room(frozenset(rooms.split()), frozenset(libraries.split()))


# "os" stands for files, sockets, processes; "threads" for threads and locks. conclaved joins everything.
ALL_ROOMS = "common server/zab server/tree server/session server/replica server/log server/store server/tls server/net " \
            "server/admin server/configuration server/maintenance"
ALL_LIBRARIES = "fmt openssl xxhash lmdb zlib boost json spdlog cli11 libedit os threads"

ROOMS = {
    "common": room("", "fmt openssl xxhash"),
    "server/zab": room("common", "fmt xxhash"),
    "server/tree": room("common", "fmt xxhash"),
    "server/session": room("common", "fmt"),
    "server/replica": room("common server/zab server/tree server/session", "fmt"),
    "server/log": room("common", "fmt os threads"),
    "server/store": room("common server/tree", "fmt lmdb os threads"),
    "server/tls": room("common", "fmt openssl os"),
    "server/net": room("common server/replica server/tls", "fmt boost os threads"),
    "server/admin": room("common server/replica server/tls", "fmt boost json os threads"),
    "server/configuration": room("common", "fmt os"),
    "server/testing": room("common server/replica", "fmt boost threads"),
    "server/maintenance": room("common server/zab server/tree server/replica server/log server/store",
                               "fmt json zlib os"),
    "server": room(ALL_ROOMS, ALL_LIBRARIES),
    "client": room("common", "fmt boost openssl os threads"),
    "client/recipes": room("common client", "fmt boost json"),
    "client/examples": room("common client client/recipes", "boost os"),
    "client/shell": room("common client client/recipes", "fmt boost json cli11 libedit os"),
}

# Rooms that must not ask for the time, sleep, or draw a random number that no seed explains.
PURE_ROOMS = {"common", "server/zab", "server/tree", "server/session", "server/replica"}
IMPURE_CALL = re.compile(
    r"\bnow\s*\(\s*\)"
    r"|\b(clock_gettime|gettimeofday|timespec_get|nanosleep|usleep|sleep_for|sleep_until|random_device)\b"
    r"|\bstd::(time|rand)\s*\("
)

# Headers by the library that they stand for; the first match counts. What matches none is the standard library's or
# the compiler's, and free for all. arpa/inet.h belongs to these: it turns addresses into text and back, by itself.
LIBRARY_HEADERS = [
    ("boost", r"boost/|asio"),
    ("fmt", r"fmt/"),
    ("openssl", r"openssl/"),
    ("xxhash", r"xxhash\.h$"),
    ("lmdb", r"lmdb\.h$"),
    ("zlib", r"zlib\.h$"),
    ("json", r"nlohmann/"),
    ("spdlog", r"spdlog/"),
    ("cli11", r"CLI/"),
    ("libedit", r"histedit\.h$"),
    ("threads", r"(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token"
                r"|pthread\.h|sched\.h)$"),
    ("os", r"(fstream|filesystem|iostream|ctime|csignal)$"
           r"|(unistd|fcntl|dirent|signal|time|poll|netdb|glob|ftw|spawn|dlfcn|syslog|termios|ifaddrs|pwd|grp)\.h$"
           r"|(sys|net|netinet|linux)/"),
]

# Link targets that are not ours, by library. `Threads::Threads` and `Boost::headers` are how CMake calls them.
LIBRARY_TARGETS = {
    "fmt::fmt": "fmt", "fmt::fmt-header-only": "fmt",
    "OpenSSL::Crypto": "openssl", "OpenSSL::SSL": "openssl",
    "XXHASH": "xxhash", "LMDB": "lmdb", "ZLIB::ZLIB": "zlib",
    "Boost::headers": "boost", "Boost::boost": "boost", "conclave-asio": "boost", "conclave-asio-ssl": "boost",
    "conclave-beast": "boost",
    "nlohmann_json::nlohmann_json": "json",
    "spdlog::spdlog": "spdlog", "spdlog::spdlog_header_only": "spdlog",
    "CLI11::CLI11": "cli11",
    "LIBEDIT": "libedit",
    "Threads::Threads": "threads",
}

OUR_TARGETS = {
    "conclave-common": "common",
    "conclave-client": "client",
    "Conclave::client": "client",
    "conclave-client-recipes": "client/recipes",
    "Conclave::recipes": "client/recipes",
    "Conclave::testing": "server/testing",
    "conclave-shell": "client/shell",
    "conclave": "client/shell",
    "conclaved": "server",
    **{f"conclave-{name.split('/')[1]}": name for name in ROOMS if name.startswith("server/")},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
CMAKE_CALL = re.compile(r"\b(?:conclave_library|target_link_libraries)\s*\(([^)]*)\)")
CMAKE_KEYWORDS = {"USES", "PRIVATE_USES", "PUBLIC", "PRIVATE", "INTERFACE"}


class Violation(NamedTuple):
    file: Path
    line: int
    text: str


def room_of(path: Path) -> Optional[str]:
    """The room that a file (relative to the root) stands in. Each folder of server/ is a room, and so are those of
    client/ that the table names; all others belong to the room around them."""
    folders = path.parts[:-1]
    inner = "/".join(folders[:2])
    if folders[:1] == ("server",) or inner in ROOMS:
        return inner if inner in ROOMS else None
    return folders[0] if folders[:1] and folders[0] in ROOMS else None


def room_of_header(root: Path, header: str) -> Optional[str]:
    """The room of one of our headers, none for other people's. Installed headers are <conclave/...>."""
    if header.startswith("conclave/"):
        return next((name for name in ROOMS if (root / name / "include" / header).exists()), None)
    return room_of(Path(header))


def library_of_header(header: str) -> Optional[str]:
    return next((name for name, pattern in LIBRARY_HEADERS if re.match(pattern, header)), None)


def without_comments_and_strings(text: str) -> str:
    """The same text with those blanked out, line breaks kept."""
    return COMMENT_OR_STRING.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def check_include(root: Path, here: str, quote: str, header: str) -> Optional[str]:
    """What is wrong with an include line of room `here`, if anything."""
    there = room_of_header(root, header)
    if there is not None:
        if there != here and there not in ROOMS[here].rooms:
            return f"{here} may not include {there} ({header})"
        return None
    if quote == '"' or header.startswith("conclave/"):
        return f"no header of this repository, or not written from its root ({header})"
    library = library_of_header(header)
    if library is not None and library not in ROOMS[here].libraries:
        return f"{here} may not use {library} ({header})"
    return None


def check_source(root: Path, file: Path) -> Iterator[Violation]:
    here = room_of(file)
    if here is None:
        yield Violation(file, 1, "stands in no room that scripts/check-layers.py knows")
        return
    text = (root / file).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        found = INCLUDE.match(line)
        problem = found and check_include(root, here, found.group(1), found.group(2))
        if problem:
            yield Violation(file, number, problem)
    if here in PURE_ROOMS:
        for number, line in enumerate(without_comments_and_strings(text).splitlines(), start=1):
            call = IMPURE_CALL.search(line)
            if call:
                yield Violation(file, number, f"{here} may not ask for time or chance itself ({call.group().strip()})")


def check_link(here: str, target: str) -> Optional[str]:
    there = OUR_TARGETS.get(target)
    if there is not None:
        return None if there == here or there in ROOMS[here].rooms else f"{here} may not link {there} ({target})"
    library = LIBRARY_TARGETS.get(target)
    if library is None:
        return f"{here} links a target that scripts/check-layers.py does not know ({target})"
    return None if library in ROOMS[here].libraries else f"{here} may not link {library} ({target})"


def check_cmake(root: Path, file: Path) -> Iterator[Violation]:
    text = re.sub(r"#[^\n]*", "", (root / file).read_text(encoding="utf-8"))
    text = re.sub(r"\$<BUILD_INTERFACE:([^>]*)>", r"\1", text)
    for call in CMAKE_CALL.finditer(text):
        name, *targets = call.group(1).split()
        owner = OUR_TARGETS.get(name) or room_of(file)
        if owner is None:
            yield Violation(file, 1, "stands in no room that scripts/check-layers.py knows")
            return
        for target in targets:
            if target in CMAKE_KEYWORDS or target == "conclave-warnings":
                continue
            problem = check_link(owner, target)
            if problem:
                yield Violation(file, text.count("\n", 0, call.start()) + 1, problem)


def check(root: Path) -> Iterator[Violation]:
    for top in ("common", "server", "client"):
        for path in sorted((root / top).rglob("*")):
            file = path.relative_to(root)
            if path.suffix in (".hpp", ".cpp"):
                yield from check_source(root, file)
            elif path.name == "CMakeLists.txt":
                yield from check_cmake(root, file)


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    violations = list(check(root))
    for violation in violations:
        print(f"{violation.file}:{violation.line}: {violation.text}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
