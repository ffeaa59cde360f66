"""How far a function is behind the stream, and what that means.

Belongs here: the limits. Where the number comes from belongs to whoever looks.
"""

from infra.deploy.doctor.findings import Finding, Level, ok

# A function has its window to gather a batch; three minutes more are no ordinary delay.
_LATE_S = 180.0
_HOUR_S = 3600.0


def lag_finding(subject: str, behind_s: float | None, window_s: float) -> Finding:
    """A finding about the age of the oldest record that is not done.

    Args:
        subject: What it is about.
        behind_s: That age, in seconds; None when nothing was delivered lately.
        window_s: How long records are gathered before they are done, in seconds.
    """
    if behind_s is None:
        return ok(subject, "nothing was delivered lately")
    says = f"{behind_s:,.0f} s behind"
    if behind_s <= window_s + _LATE_S:
        return ok(subject, says)
    level = Level.PROBLEM if behind_s > _HOUR_S else Level.WARNING
    means = "it gets less done than arrives, or a bad record is tried again and again"
    return Finding(subject, level, says, means, "docs/operations.md, Throttling")
