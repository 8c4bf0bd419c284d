"""Publish: a mastered programme becomes an episode folder and an entry in the show's feed."""

from __future__ import annotations

from prefect import flow

from flows.dispatch import RUNNER, done
from tasks.publish import publish_parcel
from tasks.schemas import EpisodeManifest, Parcel


@flow(name="publish", flow_run_name="{parcel.title}", task_runner=RUNNER)
async def publish(parcel: Parcel) -> EpisodeManifest:
    """Write the files, check them, and only then tell the feed.

    Args:
        parcel: What is to be published, and what the manifest says of it.
    """
    return await done(publish_parcel.submit(parcel))
