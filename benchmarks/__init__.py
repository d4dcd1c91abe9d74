"""What the driver costs: figures and ratios, no verdicts. `./dev bench`."""
