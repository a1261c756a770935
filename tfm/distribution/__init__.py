"""Strategies, jobs of several processes, clusters and TPUs."""
