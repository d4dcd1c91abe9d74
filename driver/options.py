"""The options of config.ini: one class a section, one row an option. `config.py` reads, checks and explains them."""
