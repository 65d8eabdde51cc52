"""Who calls, and what they may: keys, the guard before every call, quotas, the audit log."""
