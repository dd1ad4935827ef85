"""Recipes, losses, schedules and the resumable loop."""
