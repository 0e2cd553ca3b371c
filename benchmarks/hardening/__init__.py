"""What is tried hard: fuzzed readers and scores, loops with checked bounds, real pictures, killed and starved runs."""
