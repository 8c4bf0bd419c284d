"""What is configured: settings, credentials, voices, and the places where things lie.

Importing this package registers our block types with Prefect (entry point group `prefect.collections`).
"""

from blocks.credentials import S3Credentials
from blocks.places import StorageTarget

__all__ = ["S3Credentials", "StorageTarget"]
