"""The Python client of a NotReally server: resumable uploads, analyses, watching that survives a broken connection."""

from client.blocking import LiveSync, NotReallySync
from client.errors import ServiceError
from client.live import Live
from client.patience import Patience
from client.service import NotReally
from client.upload import UploadProgress

__all__ = ["Live", "LiveSync", "NotReally", "NotReallySync", "Patience", "ServiceError", "UploadProgress"]
