"""The wire protocols of JK BMSs as tables, framers and conversations. Pure: bytes in, readings and bytes out."""
