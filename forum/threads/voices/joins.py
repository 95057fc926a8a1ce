"""Who speaks, as SQL. In a thread somebody may have a name for that thread only; then nothing tells who they are elsewhere.

A *voice* is such a name where there is one, else the member. Whatever shows a name reads `shown(…)`, whatever counts people
for others counts `voice(…)`: a member who speaks under two names is two people to everybody else.
"""


def thread_name(thread: str, member: str, alias: str = "v") -> str:
    """Return the join that finds the name of a member in one thread only. *thread* and *member* are SQL: ``t.id``."""
    return f"LEFT JOIN thread_name {alias} ON {alias}.thread_id = {thread} AND {alias}.member_id = {member}"


def shown(name: str, alias: str = "v") -> str:
    """Return what a member is called where `thread_name` was joined; *name* is SQL for their own name."""
    return f"COALESCE({alias}.name, {name})"


def voice(member: str, alias: str = "v") -> str:
    """Return a number that is the same for all that one voice said, and different for every other voice."""
    return f"COALESCE(-{alias}.id, {member})"
