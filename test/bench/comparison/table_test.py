"""Tests of the table: a goal must not be called met when it is not."""

import unittest

from comparison.table import Goal, markdown, number, ratio


class GoalTest(unittest.TestCase):
    def test_a_ratio_is_met_at_exactly_the_fraction(self):
        goal = Goal(ratio_denominator=5)
        self.assertTrue(goal.is_met(10.0, 2.0))
        self.assertFalse(goal.is_met(10.0, 2.01))

    def test_a_limit_does_not_need_a_reference(self):
        goal = Goal(limit=300)
        self.assertTrue(goal.is_met(None, 300.0))
        self.assertFalse(goal.is_met(None, 300.1))

    def test_a_missing_figure_is_neither_met_nor_missed(self):
        self.assertIsNone(Goal(limit=300).is_met(1.0, None))
        self.assertIsNone(Goal(ratio_denominator=5).is_met(None, 1.0))


class FormatTest(unittest.TestCase):
    def test_numbers_keep_three_significant_digits(self):
        self.assertEqual(number(0.756), "0.76")
        self.assertEqual(number(13.44), "13.4")
        self.assertEqual(number(115996.8), "115,997")

    def test_a_ratio_below_one_is_a_fraction(self):
        self.assertEqual(ratio(13.0, 2.0), "1/6.5")
        self.assertEqual(ratio(2.0, 13.0), "6.5×")

    def test_a_ratio_of_nothing_is_empty(self):
        self.assertEqual(ratio(0.0, 1.0), "")
        self.assertEqual(ratio(None, 1.0), "")


class MarkdownTest(unittest.TestCase):
    def test_goals_are_judged_in_the_unit_of_the_row(self):
        text = markdown("A", {"idle_VmRSS": 73728}, "B", {"idle_VmRSS": 12 * 1024})
        self.assertIn("| — resident memory when idle | 72.0 MB | 12.0 MB | 1/6.0 | ≤ 12 MB | yes |", text)
        text = markdown("A", {"idle_VmRSS": 73728}, "B", {"idle_VmRSS": 12 * 1024 + 4})
        self.assertIn("| **no** |", text)

    def test_rows_without_figures_are_left_out(self):
        self.assertEqual(len(markdown("A", {}, "B", {"get_latency_us_p99": 5.0}).splitlines()), 3)


if __name__ == "__main__":
    unittest.main()
