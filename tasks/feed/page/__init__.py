"""The page to listen at: one file, no network, the transcript following the sound."""

from tasks.feed.page.render import EpisodePage, render_page

__all__ = ["EpisodePage", "render_page"]
