"""Card processors: `base.py` says what one must do, each folder is one."""
