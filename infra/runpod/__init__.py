"""A Prefect work pool whose runs get a rented GPU each: the worker type `runpod`, and the launcher inside its pods.

Read `worker.py` first: the order of a run. Nothing is imported here, because `launcher.py` starts in the pod with the
standard library alone; Prefect finds the worker by the entry point `infra.runpod.worker`.
"""
