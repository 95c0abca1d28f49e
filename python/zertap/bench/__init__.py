"""How fast this machine, this build and one capture are: a workload, measurements, and what they say."""
