"""The commands of `python -m driver`, one file each."""
