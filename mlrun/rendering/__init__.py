"""Draws the Sawyer scene."""

from mlrun.rendering.gl_context import RenderingUnavailableError
from mlrun.rendering.renderer import Renderer

__all__ = ["Renderer", "RenderingUnavailableError"]
