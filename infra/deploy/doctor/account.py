"""Access: who this is to AWS, where AWS is, and whether the clocks agree.

Belongs here: what has to be right before anything else can be asked.
"""

from collections.abc import Iterator

from infra.deploy.access import AccessError, Identity
from infra.deploy.doctor.findings import Finding, ok, problem, warning

# AWS refuses a request whose signature is more than five minutes off.
_REFUSED_S = 300
_NOTICED_S = 10


def check_identity(identity: Identity) -> Iterator[Finding]:
    """Whose credentials these are, and for which region."""
    yield ok("credentials", f"{identity.arn} in account {identity.account}")
    yield ok("endpoint", f"{identity.endpoint} answers, region {identity.region}")


def check_clock(identity: Identity) -> Iterator[Finding]:
    """Whether this machine's clock agrees with AWS's."""
    ahead, do = identity.ahead_s, "set the clock, for example with timedatectl set-ntp true"
    if ahead is None:
        means = "signatures are refused when the clocks are five minutes apart"
        yield warning("clock", "the endpoint does not tell the time", means, do)
        return
    says = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the endpoint's"
    if abs(ahead) > _REFUSED_S:
        yield problem("clock", says, "AWS refuses signatures this far off", do)
    elif abs(ahead) > _NOTICED_S:
        yield warning("clock", says, "events sent from here carry wrong times", do)
    else:
        yield ok("clock", says)


def no_access(error: AccessError) -> Finding:
    """AWS cannot be used, so nothing else could be looked at."""
    return problem("access", str(error), "nothing in AWS could be looked at", error.remedy)
