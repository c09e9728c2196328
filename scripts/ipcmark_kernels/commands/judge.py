"""`judge`: whether a kernel's paths grew from a base, for `git bisect run`."""

from ipcmark_report.ladder.options import add_judge as add_options
from ipcmark_report.ladder.options import judge as execute

SUMMARY = "say whether a kernel's paths are longer than those of another"
__all__ = ["SUMMARY", "add_options", "execute"]
