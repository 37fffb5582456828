"""Signals: figures out of their usual course, lifts of interventions, results of split tests. Pure functions."""
