"""What happens, in which order. Read `episode.py` first."""

from blocks.logs import configure_logs

configure_logs()  # before any event is logged, whoever imports a flow: CLI, worker or test
