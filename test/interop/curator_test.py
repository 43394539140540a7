#!/usr/bin/python3
"""Curator, the Java recipes that Debian packages (libcurator-recipes-java), against a server:
curator_test.py PROGRAM SCRATCH

PROGRAM is the path of conclaved, or the word `zookeeper` to check this test against the real server. The recipes run
in curator/Recipes.java, which is compiled here. Exits with 77, which ctest calls skipped, where Curator or a Java
compiler is not installed.
"""

import glob
import os
import shutil
import subprocess
import sys

from servers import make_server

SKIPPED = 77
TIMEOUT_S = 200
JARS = os.environ.get("CURATOR_JARS", "/usr/share/java")
SYSTEM_JARS = (
    "zookeeper.jar",
    "zookeeper-jute.jar",
    "guava.jar",
    "failureaccess.jar",
    "slf4j-api.jar",
    "slf4j-nop.jar",
    "jackson-core.jar",
    "jackson-databind.jar",
    "jackson-annotations.jar",
)
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "curator", "Recipes.java")


def class_path(*further_parts):
    """The jars of Curator and what they need, or None."""
    parts = ("client", "framework", "recipes", *further_parts)
    curator = [os.path.join(JARS, f"curator-{part}.jar") for part in parts]
    if not all(os.path.exists(jar) for jar in curator) or shutil.which("javac") is None:
        return None
    return ":".join(curator + [jar for name in SYSTEM_JARS for jar in glob.glob(f"/usr/share/java/{name}")])


def main(arguments):
    if len(arguments) != 2:
        print(__doc__)
        return 2
    program, scratch = arguments
    jars = class_path()
    if jars is None:
        print("libcurator-recipes-java or javac is not installed")
        return SKIPPED
    classes = os.path.join(scratch, "classes")
    os.makedirs(classes, exist_ok=True)
    subprocess.run(["javac", "-cp", jars, "-d", classes, SOURCE], check=True, timeout=TIMEOUT_S)
    with make_server(program, scratch) as server:
        return subprocess.run(
            [
                "java",
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                f"{classes}:{jars}",
                "Recipes",
                server.connect_string,
            ],
            timeout=TIMEOUT_S,
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
