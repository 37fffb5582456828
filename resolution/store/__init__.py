"""The only SQL of the room: what a night reads, what it proposes, and how a proposal is accepted or discarded."""

from __future__ import annotations
