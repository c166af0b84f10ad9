"""Lengths that several tables share.

An index entry may hold 2,704 bytes on PostgreSQL and 3,072 on MySQL, at up to four bytes a character: indexed text
stays below 670 characters in sum.
"""

from typing import Final

EMAIL: Final = 320
"""RFC 5321, section 4.5.3.1: 64 for the local part, 255 for the domain, and the sign between them."""

ACTION: Final = 255

RESOURCE: Final = 1024

URL: Final = 640

USER_AGENT: Final = 1024
