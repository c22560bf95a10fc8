"""The measurements behind ``sottovoce bench``: pure metrics on recorded events, and the runners that record them.

Every figure is one run's: of a named model, on a named machine, with its load at the time. Compare ratios within a run.
"""
