"""Where bytes lie: the content-addressed store of the work, and the target that listeners read from.

Both are a folder or a bucket; both write whole or not at all, and say what went wrong in the words of `tasks.errors`.
"""

from blocks.storage.access import S3Access
from blocks.storage.source import open_source_filesystem
from blocks.storage.store import Store, open_store
from blocks.storage.target import Target, open_target

__all__ = ["S3Access", "Store", "Target", "open_source_filesystem", "open_store", "open_target"]
