"""Reports of runs: one HTML file that shows everything and loads nothing."""
