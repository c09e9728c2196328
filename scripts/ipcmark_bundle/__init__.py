"""Makes archives of static programs that run on any Linux, for scripts/bundle."""
