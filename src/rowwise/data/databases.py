"""`sqlite:///houses.db?table=houses`, `postgresql://host/name?query=select …` → which database, which of its tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from rowwise.errors import UsageError

SQLITE, POSTGRES = "sqlite", "postgresql"
SCHEMES = {"sqlite": SQLITE, "postgresql": POSTGRES, "postgres": POSTGRES}
OURS = ("table", "query", "if_exists")  # the arguments that are none of the database's own
FAIL, APPEND, REPLACE = IF_EXISTS = ("fail", "append", "replace")
# Where the arguments of an address begin: at a name of ours or of PostgreSQL's own, as a password may hold any sign.
ARGUMENTS = re.compile(
    r"\?(?=(?:table|query|if_exists|host|hostaddr|port|dbname|user|options|service|target_session_attrs|passfile|password"
    r"|application_name|client_encoding|connect_timeout|channel_binding|gss\w+|krb\w+|keepalives\w*|ssl\w+)=)"
)
HOST = re.compile(r"(\[[^\[\]]*\]|[^\[\]:@]*)(:\d*)?")
READS = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*(?:select|with|values|table)\b", re.IGNORECASE | re.DOTALL)
EXAMPLES = "sqlite:///houses.db?table=houses, postgresql://user@host/name?query=select * from houses"


class Place(NamedTuple):
    """A place without its password, which is never written anywhere, and the password; empty where there is none."""

    text: str
    password: str


def is_database(place: object) -> bool:
    """Whether a place is that of a database."""
    return isinstance(place, str) and place.split("://")[0].lower() in SCHEMES and "://" in place


def split_password(place: str) -> Place:
    """The place without the password in it, which may hold any sign, as it is or percent-encoded.

    Raises:
        UsageError: what follows the last @ is no host, so that a password may stand where it is not looked for.
    """
    from urllib.parse import unquote  # milliseconds, which few need

    scheme, _, rest = place.partition("://")
    if SCHEMES.get(scheme.lower()) != POSTGRES:
        return Place(place, "")
    user, at, after = _user_and_rest(rest)
    hosts = re.split(r"[/?]", after, maxsplit=1)[0]
    if not all(HOST.fullmatch(host) for host in hosts.split(",")):
        raise UsageError("database.place", place=f"{POSTGRES}://…", examples=EXAMPLES)
    name, colon, password = user.partition(":")
    return Place(f"{scheme}://{name}{at}{after}", unquote(password)) if colon else Place(place, "")


def without_password(place: str) -> str:
    """A place as it may be shown: of a database without its password, any other as it is."""
    return split_password(place).text if is_database(place) else place


def _user_and_rest(address: str) -> tuple[str, str, str]:
    """What stands before the last @ of an address's first part, the @, and the rest."""
    begin = ARGUMENTS.search(address)
    end = begin.start() if begin else len(address)
    user, at, host = address[:end].rpartition("@")
    return user, at, host + address[end:]


def absolute(place: str) -> str:
    """The same from whatever folder, in one spelling: a file of SQLite by its whole path."""
    database = Database.of(place)
    _, _, rest = place.partition("://")
    if database.kind != SQLITE:
        return f"{POSTGRES}://{rest}"
    path = str(Path(database.path).absolute()).replace("%", "%25").replace("?", "%3F")
    _, mark, arguments = rest.partition("?")
    return f"{SQLITE}:///{path}{mark}{arguments}"


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
        begin = ARGUMENTS.search(rest)
        before, arguments = (rest[: begin.start()], rest[begin.end() :]) if begin else (rest, "")
        if SCHEMES[scheme.lower()] == SQLITE or begin is None:
            before, _, arguments = rest.partition("?")
        own, others = _arguments(arguments)
        if any(unquote(one.partition("=")[0]).lower().endswith("password") for one in others.split("&")):
            raise UsageError("database.password")
        if own.get("table") and own.get("query"):
            raise UsageError("database.both", place=place)
        if own.get("if_exists", FAIL) not in IF_EXISTS:
            raise UsageError("database.if_exists", found=own["if_exists"], known=", ".join(IF_EXISTS))
        if SCHEMES[scheme.lower()] == SQLITE:
            if not before.startswith("/") or len(before) < 2 or others:
                raise UsageError("database.place", place=place, examples=EXAMPLES)
            return cls(SQLITE, path=unquote(before[1:]), **own)
        return cls(POSTGRES, address=f"{POSTGRES}://{before}{'?' if others else ''}{others}", **own)

    @property
    def name(self) -> str:
        """What its data are called."""
        if self.table:
            return self.table
        if self.path:
            return Path(self.path).stem
        _, _, after = _user_and_rest(self.address.partition("://")[2])
        return after.partition("?")[0].partition("/")[2].strip("/") or POSTGRES

    def with_table(self, tables: list[str], place: str) -> Database:
        """With the only table that there is, where neither a table nor a query was named."""
        if self.table or self.query:
            return self
        if len(tables) != 1:
            raise UsageError("database.which", place=place, tables=", ".join(tables[:10]) or "–")
        return replace(self, table=tables[0])

    @property
    def selection(self) -> str:
        """The query that gives its rows.

        Raises:
            UsageError: the query that was given is of another kind.
        """
        if self.query and not READS.match(self.query):
            raise UsageError("database.only_reads")
        return self.query or f"select * from {quoted_table(self.table, self.kind)}"

    def address_with(self, password: str) -> str:
        """As PostgreSQL's programs take it, with the password."""
        from urllib.parse import quote, unquote

        if not password:
            return self.address
        user, _, after = _user_and_rest(self.address.partition("://")[2])
        return f"{POSTGRES}://{quote(unquote(user), safe='')}:{quote(password, safe='')}@{after}"


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


def schema_and_table(table: str, kind: str) -> tuple[str, str]:
    """Of a table's name: PostgreSQL's has that of its schema before a dot, SQLite's is all its own."""
    schema, dot, name = table.partition(".")
    return (schema, name) if dot and kind == POSTGRES else ("", table)


def quoted_table(table: str, kind: str) -> str:
    """A table's name in SQL."""
    return ".".join(quoted(part) for part in schema_and_table(table, kind) if part)


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'
