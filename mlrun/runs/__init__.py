"""Run directories: what runs leave on disk, and how it is written, locked, read, listed and deleted."""
