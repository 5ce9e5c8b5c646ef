"""A column's name and its whole numbers → whether it only numbers the records, or names what they are of.

Such a number means nothing for the next record: a row number, a customer's. Its name says so in many languages, and
its values have to agree: whole numbers that all differ. A number of which the name is no sign, such as a year, a
moment or a price, is not looked at, however regular it is.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rowwise.data.tables.profile import Profile


def _words_of(text: str) -> list[str]:
    return text.split()


# Words that a position or an identifier is called by, the last of a name's.
IDENTIFIERS = frozenset(
    _words_of(
        "id ids uid uuid guid pid pk rowid oid idx index rownames rownum rownumber serial identifier sno srno slno"
        " ssn mrn cpf cnpj imei isbn issn gtin ean upc asin sku"
        " barcode phone telephone telefon telefono teléfono téléphone matricule matricola kdnr"
        " kennung kennnummer identifiant identificador identificativo идентификатор ид"
    )
)
# Words that also stand before numbers of other things: behind them whole numbers without a gap, or another word of
# what has such numbers.
NUMBERS = frozenset(
    _words_of(
        "no nr num nbr number numero numéro número nummer numer номер n° nº № # seq sequence counter lfd key code"
        " sn obs observation observations order entry record row position codigo código codice cod kod koda"
    )
)
OWNERS = frozenset(
    _words_of(
        "account accession acct application case certificate claim client contract customer document employee folio"
        " invoice item lfd laufende loan matricule member order passenger passport patient phone policy receipt record"
        " registration row sample serial sr sl student telephone ticket transaction kunden auftrags rechnungs"
        " cliente klient kunde paciente pedido factura facture commande dossier matrícula matricula"
        " empleado employé alumno aluno contrato contrat klienta"
    )
)
# Of whom a table may have several records.
PEOPLE = frozenset(
    _words_of(
        "athlete client customer driver employee family household member participant patient person player policyholder"
        " rider student subject user worker kunde paciente cliente klient 환자 고객 회원 사용자 학생 선수 직원 가구"
    )
)
MEASURES = frozenset(_words_of("index idx serial"))  # heat index
# Endings of Korean, Chinese and Japanese names, which are written without spaces.
ENDINGS = (
    "번호",
    "순번",
    "연번",
    "학번",
    "사번",
    "군번",
    "일련번호",
    "아이디",
    "식별자",
    "編號",
    "编号",
    "序号",
    "序號",
    "番号",
    "連番",
    "行号",
    "单号",
    "學號",
    "学号",
    "工号",
    "账号",
    "卡号",
    "证号",
    "手机号",
    "客户号",
    "会员号",
    "行號",
)
# A row number that was written by a program: whatever it looks like, it is no more than a place.
WRITTEN_BY_PROGRAMS = re.compile(r"unnamed: 0(\.\d+)?|__index_level_\d+__|level_0|_row|rownames|row\.names|column_1")
GLUED = re.compile(  # customerid, but no word such as humid or paid
    r"(account|article|case|claim|client|cust|customer|device|employee|emp|event|film|game|house|image|img|item|listing"
    r"|loan|match|member|movie|object|order|passenger|patient|person|player|policy|post|product|record|ride|row|sample"
    r"|session|shop|song|store|student|team|track|transaction|trip|tweet|txn|user)(id|no|num|number)s?"
    r"|(artikel|auftrags|beleg|bestell|kunden|matrikel|mitglieds|personal|rechnungs|vertrags)(nummer|nr|id)"
)
AFTER_LETTERS = re.compile(r"[가-힣ぁ-ヿ一-鿿]\s?id")  # 顧客ID
FEWEST = 2  # records in which numbers can differ


def names_records(name: str, profile: Profile) -> bool:
    """Whether the column's name is that of an identifier, and its whole numbers agree."""
    numbers = profile.numbers.range
    if not numbers.whole or profile.records < FEWEST:
        return False
    text = unicodedata.normalize("NFKC", name).strip().lower()
    if WRITTEN_BY_PROGRAMS.fullmatch(text):
        return profile.distinct > max(FEWEST, profile.present // 2) or profile.distinct == profile.present
    if not profile.all_differ:
        return False
    if is_identifier(name):
        return True
    words = _words(name)
    gapless = numbers.high - numbers.low + 1 == profile.present
    return bool(words) and words[-1] in NUMBERS and gapless


def is_identifier(name: str) -> bool:
    """Whether a name says by itself that a column identifies something."""
    text = unicodedata.normalize("NFKC", name).strip().lower()
    if text.endswith(ENDINGS) or AFTER_LETTERS.search(text[-4:]) or text in ("#", "№", "n°", "nº", "п/п", "no п/п"):
        return True
    words = _words(name)
    if not words:
        return False
    if words[-1] in IDENTIFIERS or words[0] in ("id", "uuid", "guid") or GLUED.fullmatch(words[-1]):
        return True
    if len(words) == 2 and words[0] in NUMBERS and words[1] in OWNERS:  # num_client
        return True
    joined = "".join(words)
    if joined.startswith("id") and joined[2:] in OWNERS:  # IDpatient
        return True
    return len(words) > 1 and words[-1] in NUMBERS and words[-2] in OWNERS


def names_owner(name: str) -> bool:
    """Whether a name says that a column tells whose a record is: an identifier's, or a patient's, a customer's."""
    words = _words(name)
    return bool(words) and words[-1] not in MEASURES and (words[-1] in PEOPLE or is_identifier(name))


def _words(name: str) -> list[str]:
    """`Sr. No`, `PassengerId` and `customer_ID` → their words in lower case; single letters are put together."""
    text = unicodedata.normalize("NFKC", name)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    words = [word for word in re.split(r"[^\w°º#№]+|_+", text.lower()) if word]
    joined = "".join(words)
    return [joined] if joined in IDENTIFIERS else words
