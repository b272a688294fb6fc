"""Algorithms that learn: each takes its state and a feedback and gives the new state, all of it JSON.

Nothing here reads a clock, a file or a generator of random numbers but the one it is handed. Sums are
made by `fsum`, which is right to the last bit in any order, so that a run is the same run everywhere.
"""
