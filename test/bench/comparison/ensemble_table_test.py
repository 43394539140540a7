"""Tests of the table of ensembles: a goal must not be called met when it is not."""

import unittest

from comparison.ensemble_table import Bound, Limit, markdown


class GoalTest(unittest.TestCase):
    def test_a_fraction_is_a_bound_from_above(self):
        goal = Bound("etcd", 1 / 4)
        self.assertTrue(goal.is_met({"etcd": 40.0}, 10.0))
        self.assertFalse(goal.is_met({"etcd": 40.0}, 10.1))

    def test_a_multiple_is_a_bound_from_below(self):
        goal = Bound("etcd", 4)
        self.assertTrue(goal.is_met({"etcd": 10.0}, 40.0))
        self.assertFalse(goal.is_met({"etcd": 10.0}, 39.9))

    def test_a_missing_figure_is_neither_met_nor_missed(self):
        self.assertIsNone(Bound("etcd", 4).is_met({}, 1.0))
        self.assertIsNone(Limit(2, "s").is_met({}, None))


class MarkdownTest(unittest.TestCase):
    def test_each_system_has_a_column_and_a_ratio(self):
        text = markdown(["ZooKeeper", "etcd", "Conclave"], {
            "ZooKeeper": {"flood_operations_per_second": 10_000.0},
            "etcd": {"flood_operations_per_second": 20_000.0},
            "Conclave": {"flood_operations_per_second": 60_000.0},
        })
        self.assertIn("| 10,000 /s | 20,000 /s | 60,000 /s | 6.0× | 3.0× |", text)
        self.assertIn("| ≥ 4× ZooKeeper, ≥ 4× etcd | yes, **no** |", text)

    def test_counts_have_no_unit_and_no_digits(self):
        text = markdown(["Conclave"], {"Conclave": {"failover_connections_lost": 6.0}})
        self.assertIn("connections that clients of the two other servers lost | 6 |", text)

    def test_all_lines_have_the_same_number_of_cells(self):
        text = markdown(["etcd", "Conclave"], {"etcd": {}, "Conclave": {"catch_up_seconds": 1.0}})
        self.assertEqual(len({each.count("|") for each in text.splitlines()}), 1)


if __name__ == "__main__":
    unittest.main()
