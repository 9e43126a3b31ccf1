"""Many runs: sweep, compare, journal."""
