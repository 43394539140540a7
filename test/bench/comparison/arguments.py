"""What the command lines of the comparisons have in common."""

import argparse


def names(allowed):
    """A type for argparse: some of `allowed`, separated by commas."""
    def parse(text):
        chosen = text.split(",")
        for each in chosen:
            if each not in allowed:
                raise argparse.ArgumentTypeError(f"{each} is none of {', '.join(allowed)}")
        return chosen
    return parse


def add_common(parser, warm_up, seconds, repeat):
    """Programs, directories, and the lengths of measurements, with these defaults."""
    parser.add_argument("--conclaved", default="build/release/bin/conclaved", help="default: %(default)s")
    parser.add_argument("--bench", default="build/release/bin/conclave-bench", help="default: %(default)s")
    parser.add_argument("--warm-up", type=float, default=warm_up,
                        help="seconds of load before throughput is measured, for the JVM (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=seconds,
                        help="length of each throughput measurement (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=repeat,
                        help="measurements of the same kind; the median counts (default: %(default)s)")
    parser.add_argument("--directory", default="/var/tmp",
                        help="where the servers keep their data; should be a real disk (default: %(default)s)")
    parser.add_argument("--markdown", metavar="FILE", help="also write the result to a file")
