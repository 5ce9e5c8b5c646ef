"""`sqlite:///houses.db?table=houses`, `postgresql://host/name?query=select …` → which database, which of its tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from rowwise.errors import UsageError

SQLITE, POSTGRES = "sqlite", "postgresql"
SCHEMES = {"sqlite": SQLITE, "postgresql": POSTGRES, "postgres": POSTGRES}
OURS = ("table", "query", "if_exists")  # the arguments that are none of the database's own
FAIL, APPEND, REPLACE = IF_EXISTS = ("fail", "append", "replace")
EXAMPLES = "sqlite:///houses.db?table=houses, postgresql://user@host/name?query=select * from houses"


class Place(NamedTuple):
    """A place without its password, which is never written anywhere, and the password; empty where there is none."""

    text: str
    password: str


def is_database(place: object) -> bool:
    """Whether a place is that of a database."""
    return isinstance(place, str) and place.split("://")[0].lower() in SCHEMES and "://" in place


def split_password(place: str) -> Place:
    """The place without the password in it."""
    from urllib.parse import unquote, urlsplit, urlunsplit  # milliseconds, which few need

    parts = urlsplit(place)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    if not colon:
        return Place(place, "")
    return Place(urlunsplit(parts._replace(netloc=f"{name}{at}{host}")), unquote(password))


def absolute(place: str) -> str:
    """The same from whatever folder: a file of SQLite by its whole path."""
    database = Database.of(place)
    if database.kind != SQLITE:
        return place
    return place.replace(f"{SQLITE}:///{database.path}", f"{SQLITE}:///{Path(database.path).absolute()}", 1)


@dataclass(frozen=True)
class Database:
    """A table, or a query, of a database.

    Attributes:
        kind: `SQLITE` or `POSTGRES`.
        path: of SQLite's file.
        address: of PostgreSQL, as its own programs take it, without a password.
        table, query: of which one may be given.
        if_exists: what becomes of a table that is written and is there already.
    """

    kind: str
    path: str = ""
    address: str = ""
    table: str = ""
    query: str = ""
    if_exists: str = FAIL

    @classmethod
    def of(cls, place: str) -> Database:
        """The one that a place names.

        Raises:
            UsageError: no file, a table and a query both, an invalid `if_exists`, or a password as an argument.
        """
        from urllib.parse import unquote

        scheme, _, rest = place.partition("://")
        before, _, arguments = rest.partition("?")
        own, others = _arguments(arguments)
        if own.get("table") and own.get("query"):
            raise UsageError("database.both", place=place)
        if own.get("if_exists", FAIL) not in IF_EXISTS:
            raise UsageError("database.if_exists", found=own["if_exists"], known=", ".join(IF_EXISTS))
        if SCHEMES[scheme.lower()] == SQLITE:
            if not before.startswith("/") or len(before) < 2 or others:
                raise UsageError("database.place", place=place, examples=EXAMPLES)
            return cls(SQLITE, path=unquote(before[1:]), **own)
        if any(one.partition("=")[0] == "password" for one in others.split("&")):
            raise UsageError("database.password")
        return cls(POSTGRES, address=f"{POSTGRES}://{before}{'?' if others else ''}{others}", **own)

    @property
    def name(self) -> str:
        """What its data are called."""
        from urllib.parse import urlsplit

        if self.table:
            return self.table
        return Path(self.path).stem if self.path else urlsplit(self.address).path.strip("/") or POSTGRES

    def with_table(self, tables: list[str], place: str) -> Database:
        """With the only table that there is, where neither a table nor a query was named."""
        if self.table or self.query:
            return self
        if len(tables) != 1:
            raise UsageError("database.which", place=place, tables=", ".join(tables[:10]) or "–")
        return replace(self, table=tables[0])

    @property
    def selection(self) -> str:
        """The query that gives its rows."""
        return self.query or f"select * from {quoted(self.table)}"


def _arguments(text: str) -> tuple[dict[str, str], str]:
    """Ours by their names, and the others as they stand. A query that comes last may hold any sign."""
    from urllib.parse import unquote

    own, others, rest = dict[str, str](), list[str](), text
    while rest:
        name, equals, after = rest.partition("=")
        if name == "query" and equals:
            own[name] = unquote(after)
            break
        one, _, rest = rest.partition("&")
        if name in OURS:
            own[name] = unquote(one.partition("=")[2])
        else:
            others.append(one)
    return own, "&".join(others)


def quoted(table: str) -> str:
    """A table's name in SQL, that of its schema before a dot."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in table.split(".", 1))
