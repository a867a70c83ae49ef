"""Whether one experiment is better than another: what their runs, over several seeds, have scored."""
