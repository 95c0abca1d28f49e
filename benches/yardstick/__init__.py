"""How far zertap is from what the machine itself costs: the parts of `against_limit.py`."""
