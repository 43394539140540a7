#!/usr/bin/python3
"""The reference documentation is made without a warning, and leaves out nothing that needs words:
documentation_test.py DOXYFILE DIRECTORY

DIRECTORY is where that Doxyfile has the reference written. No words are needed by what its signature and its class say:
data members, constructors, operators and destructors of a documented class, overloads of a documented function, and
names that everybody knows.
Exits with 77, which ctest calls skipped, where Doxygen is not installed.
"""

import glob
import os
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

SKIPPED = 77
DOXYFILE, DIRECTORY = None, None
SELF_EXPLAINING_KINDS = ("variable", "friend")
# What the standard library and Asio call so means here what it means there.
WELL_KNOWN = ("size", "empty", "get_executor", "make_error_code", "make_error_condition", "result_type")
NAMESPACES = ("conclave::client", "conclave::recipes", "conclave::testing")


def has_words(element):
    texts = (element.find(kind) for kind in ("briefdescription", "detaileddescription"))
    return any("".join(each.itertext()).strip() for each in texts if each is not None)


def is_self_explaining(name, kind, of_class):
    """`of_class` is the bare name of the class whose member it is, or None."""
    if name.startswith("operator") or name in WELL_KNOWN:
        return True
    return of_class is not None and (name.lstrip("~") == of_class or kind in SELF_EXPLAINING_KINDS)


def documented_together(compound):
    """Members of groups that are documented as a whole."""
    for section in compound.iter("sectiondef"):
        words = section.find("description")
        if section.get("kind") == "user-defined" and words is not None and "".join(words.itertext()).strip():
            yield from section.iter("memberdef")


def undocumented_members(compound):
    members = [each for each in compound.iter("memberdef") if each.get("prot") == "public"]
    documented = {each.findtext("name") for each in members if has_words(each)}
    documented.update(each.findtext("name") for each in documented_together(compound))
    is_class = compound.get("kind") in ("class", "struct")
    path = compound.findtext("compoundname")
    of_class = path.split("::")[-1] if is_class else None
    for each in members:
        name = each.findtext("name")
        if name not in documented and not is_self_explaining(name, each.get("kind"), of_class):
            yield f"{path}::{name}" if is_class else f"{path}: {name}"


def undocumented(directory):
    """Names of everything public without a word, in classes and in namespaces of the library."""
    found = set()
    for file in glob.glob(os.path.join(directory, "xml", "*.xml")):
        for compound in xml.parse(file).getroot().iter("compounddef"):
            kind, name = compound.get("kind"), compound.findtext("compoundname")
            if kind not in ("class", "struct", "namespace") or not name.startswith(NAMESPACES):
                continue
            if kind != "namespace" and compound.get("prot") == "public" and not has_words(compound):
                found.add(name)
            found.update(undocumented_members(compound))
    return sorted(found)


class Documentation(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        os.makedirs(DIRECTORY, exist_ok=True)
        cls.doxygen = subprocess.run(["doxygen", DOXYFILE], capture_output=True, text=True, timeout=300)

    def test_there_are_no_warnings(self):
        self.assertEqual(self.doxygen.stderr, "")
        self.assertEqual(self.doxygen.returncode, 0)

    def test_everything_public_is_documented(self):
        self.assertEqual(undocumented(DIRECTORY), [])

    def test_what_is_documented_is_found(self):
        """So that the test above does not pass because it has looked at nothing."""
        pages = "".join(Path(page).read_text(encoding="utf-8")
                        for page in glob.glob(os.path.join(DIRECTORY, "xml", "class*.xml")))
        for name in ("conclave::client::session", "conclave::recipes::lock", "conclave::testing::server"):
            self.assertIn(f"<compoundname>{name}</compoundname>", pages)


if __name__ == "__main__":
    DOXYFILE, DIRECTORY = sys.argv[1:3]
    if shutil.which("doxygen") is None:
        print("doxygen is not installed")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
