"""Measures ZooKeeper and Conclave side by side; see compare.py."""
