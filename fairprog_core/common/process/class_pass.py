"""The pass of a class: what a browser keeps once its visitor has joined, and by which the server knows the teacher.

A pass is signed with the teacher's token, which only the owner's terminal shows; nobody can make one without it.
"""

import hmac
import secrets
from typing import Literal, cast, get_args

PASS = "fairprog_class"  # the cookie that holds it
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"  # of a code: none that is taken for another
N_LETTERS = 6  # 148 million codes

Role = Literal["member", "teacher"]


def new_code() -> str:
    """A join code that can be read aloud: six capital letters."""
    return "".join(secrets.choice(LETTERS) for _ in range(N_LETTERS))


def new_token() -> str:
    """A teacher's token: 32 hex digits."""
    return secrets.token_hex(16)


def is_code(typed: str, code: str) -> bool:
    """Whether somebody typed the code; small letters, spaces and hyphens do not matter."""
    plain = "".join(letter for letter in typed.upper() if letter.isalnum())
    return hmac.compare_digest(plain.encode(), code.encode())


def issue(role: Role, token: str) -> str:
    """The pass of a role in the class with this token."""
    return f"{role}.{_signature(role, token)}"


def role_of(value: object, token: str) -> Role | None:
    """The role that a pass gives in the class with this token; None: it is none."""
    role, _, signature = value.partition(".") if isinstance(value, str) else ("", "", "")
    if not token or role not in get_args(Role):
        return None
    is_ours = hmac.compare_digest(signature.encode(), _signature(role, token).encode())
    return cast(Role, role) if is_ours else None


def _signature(role: str, token: str) -> str:
    return hmac.new(token.encode(), role.encode(), "sha256").hexdigest()
