"""The pages to listen at and to look at: one file each, no network, the transcript following the sound."""

from tasks.feed.page.quality import QualityPage, render_quality_page
from tasks.feed.page.render import EpisodePage, render_page

__all__ = ["EpisodePage", "QualityPage", "render_page", "render_quality_page"]
