"""Hierarchies: nested partitions of a picture, as leaves and a tree of merges with an altitude each."""

from classicseg.hierarchy.checks import check_finite
from classicseg.hierarchy.joined import connected_hierarchy, hierarchy_of_pairs, raised, stacked
from classicseg.hierarchy.tree import Hierarchy

__all__ = ["Hierarchy", "check_finite", "connected_hierarchy", "hierarchy_of_pairs", "raised", "stacked"]
