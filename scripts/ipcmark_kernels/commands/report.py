"""`report`: a page of kernels that were run."""

from ipcmark_report.ladder.options import add_report as add_options
from ipcmark_report.ladder.options import report as execute

SUMMARY = "make one self-contained page of kernels that were run, or a file of each of its charts"
__all__ = ["SUMMARY", "add_options", "execute"]
