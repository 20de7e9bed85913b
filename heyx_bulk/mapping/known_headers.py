"""Headers that people export from other products and write in their own languages, and the fields they mean.

Only headers of the person whom a row is about are here. A company's phone, an assistant's, a fax, an id of
another product are left out, and so is every header that means one thing here and another thing there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from heyx_bulk.mapping.column import normalize_name

TAGS = "tags"
FULL_NAME = "full name"
"""No field of HeyX: a column of whole names can only be pointed out."""


@dataclass(frozen=True, slots=True)
class KnownHeader:
    """What a header means. Of several columns for one `field` the one of lowest `rank` is meant.

    `field` is a field of HeyX that can be written, one that can only be read, `TAGS` (a list of tags to add) or
    `FULL_NAME`. `origin` says where the header is known from.
    """

    field: str
    origin: str
    rank: int


_GOOGLE = "a header of Google Contacts"
_OUTLOOK = "a header of Outlook"
_HUBSPOT = "a header of HubSpot"
_MAILCHIMP = "a header of Mailchimp"
_WHATSAPP = "a header of WhatsApp tools"
_WOOCOMMERCE = "a header of WooCommerce"
_ENGLISH = "English"

# What a phone is for decides its rank: one that takes messages before one on a desk.
_MOBILE, _PRIMARY, _HOME, _WORK = range(4)

_HEADERS: tuple[tuple[str, str, int, tuple[str, ...]], ...] = (
    ("firstName", _ENGLISH, 0, ("First Name", "Given Name", "Forename")),
    ("firstName", _MAILCHIMP, 0, ("FNAME",)),
    ("firstName", _WOOCOMMERCE, 1, ("Billing First Name",)),
    ("firstName", "Spanish", 0, ("Primer nombre", "Nombre de pila")),
    ("firstName", "French", 0, ("Prénom", "Prénoms")),
    ("firstName", "German", 0, ("Vorname", "Vornamen")),
    ("firstName", "Portuguese", 0, ("Primeiro nome", "Nome próprio")),
    ("firstName", "Arabic", 0, ("الاسم الأول", "الاسم الشخصي")),
    ("firstName", "Urdu", 0, ("پہلا نام",)),
    ("firstName", "Indonesian", 0, ("Nama Depan",)),
    ("firstName", "Malay", 0, ("Nama Pertama",)),
    ("firstName", "Chinese", 0, ("名",)),
    ("lastName", _ENGLISH, 0, ("Last Name", "Family Name", "Surname")),
    ("lastName", _MAILCHIMP, 0, ("LNAME",)),
    ("lastName", _WOOCOMMERCE, 1, ("Billing Last Name",)),
    ("lastName", "Spanish", 0, ("Apellido", "Apellidos")),
    ("lastName", "French", 0, ("Nom de famille",)),
    ("lastName", "German", 0, ("Nachname", "Familienname", "Zuname")),
    ("lastName", "Portuguese", 0, ("Sobrenome", "Último nome", "Nome de família")),
    ("lastName", "Arabic", 0, ("اسم العائلة", "الاسم الأخير", "الاسم العائلي")),
    ("lastName", "Urdu", 0, ("آخری نام", "خاندانی نام")),
    ("lastName", "Indonesian", 0, ("Nama Belakang", "Nama Keluarga")),
    ("lastName", "Malay", 0, ("Nama Akhir",)),
    ("lastName", "Chinese", 0, ("姓", "姓氏")),
    ("phone", _ENGLISH, _MOBILE, ("Mobile", "Mobile Phone", "Mobile Number", "Mobile No", "Mobile Phone Number")),
    ("phone", _ENGLISH, _MOBILE, ("Cell", "Cell Phone", "Cell Number", "Cell Phone Number", "Mobile Telephone")),
    ("phone", _WHATSAPP, _MOBILE, ("WhatsApp Number", "WhatsApp No", "WhatsApp Phone", "WhatsApp Phone Number")),
    ("phone", _ENGLISH, _PRIMARY, ("Phone", "Phone Number", "Phone No", "Telephone Number")),
    ("phone", _ENGLISH, _PRIMARY, ("Tel No", "Contact Number", "Contact No", "Primary Phone")),
    ("phone", "English and French", _PRIMARY, ("Téléphone", "Tél")),
    ("phone", _GOOGLE, _PRIMARY, ("Phone 1 - Value",)),
    ("phone", _ENGLISH, _HOME, ("Home Phone", "Home Phone Number")),
    ("phone", _WOOCOMMERCE, _HOME, ("Billing Phone",)),
    ("phone", _ENGLISH, _WORK, ("Business Phone", "Work Phone", "Work Phone Number", "Business Phone Number")),
    ("phone", _GOOGLE, 4, ("Phone 2 - Value",)),
    ("phone", _GOOGLE, 5, ("Phone 3 - Value",)),
    ("phone", "Spanish", _MOBILE, ("Móvil", "Celular", "Teléfono móvil", "Teléfono celular", "Número de celular")),
    ("phone", "Spanish", _MOBILE, ("Número de móvil", "Número de WhatsApp")),
    ("phone", "Spanish", _PRIMARY, ("Teléfono", "Número de teléfono", "Núm. de teléfono", "Teléfono principal")),
    ("phone", "Spanish", _HOME, ("Teléfono particular", "Teléfono de casa")),
    ("phone", "Spanish", _WORK, ("Teléfono del trabajo",)),
    (
        "phone",
        "French",
        _MOBILE,
        ("Portable", "Téléphone portable", "Téléphone mobile", "Tél. mobile", "Tél. portable"),
    ),
    ("phone", "French", _MOBILE, ("Numéro de portable", "Numéro de mobile", "Numéro WhatsApp")),
    (
        "phone",
        "French",
        _PRIMARY,
        ("Numéro de téléphone", "N° de téléphone", "Téléphone principal"),
    ),
    ("phone", "French", _HOME, ("Téléphone (domicile)",)),
    ("phone", "French", _WORK, ("Téléphone (bureau)",)),
    (
        "phone",
        "German",
        _MOBILE,
        ("Handy", "Mobiltelefon", "Handynummer", "Mobilnummer", "Telefon mobil"),
    ),
    ("phone", "German", _MOBILE, ("Mobilfunknummer", "Mobiltelefonnummer", "WhatsApp-Nummer")),
    (
        "phone",
        "German",
        _PRIMARY,
        ("Telefon", "Telefonnummer", "Telefon-Nr.", "Tel.-Nr.", "Rufnummer", "Haupttelefon"),
    ),
    ("phone", "German", _HOME, ("Telefon (privat)",)),
    ("phone", "German", _WORK, ("Telefon geschäftlich", "Telefon dienstlich")),
    ("phone", "Portuguese", _MOBILE, ("Telemóvel", "Telefone celular", "Telefone móvel", "Número de telemóvel")),
    ("phone", "Portuguese", _MOBILE, ("Número do celular", "Número do WhatsApp")),
    ("phone", "Portuguese", _PRIMARY, ("Telefone", "Número de telefone", "Telefone principal")),
    ("phone", "Portuguese", _HOME, ("Telefone residencial",)),
    ("phone", "Portuguese", _WORK, ("Telefone comercial",)),
    (
        "phone",
        "Arabic",
        _MOBILE,
        ("الجوال", "رقم الجوال", "الموبايل", "رقم الموبايل", "الهاتف المحمول", "رقم الواتساب"),
    ),
    ("phone", "Arabic", _MOBILE, ("الهاتف الجوال", "رقم المحمول", "رقم الهاتف المحمول")),
    ("phone", "Arabic", _PRIMARY, ("الهاتف", "رقم الهاتف", "هاتف", "التليفون", "رقم التليفون")),
    ("phone", "Urdu", _MOBILE, ("موبائل", "موبائل نمبر", "واٹس ایپ نمبر")),
    ("phone", "Urdu", _PRIMARY, ("فون", "فون نمبر", "ٹیلی فون", "ٹیلی فون نمبر")),
    (
        "phone",
        "Indonesian",
        _MOBILE,
        ("Handphone", "No Handphone", "Nomor Handphone", "Nomor HP", "No HP", "Nomor Ponsel"),
    ),
    ("phone", "Indonesian", _MOBILE, ("Ponsel", "Nomor WhatsApp", "No WhatsApp", "Nomor WA", "No WA")),
    ("phone", "Indonesian", _PRIMARY, ("Telepon", "Nomor Telepon", "No Telepon", "No Telp", "Nomor Telp")),
    (
        "phone",
        "Malay",
        _MOBILE,
        ("Telefon bimbit", "No Telefon Bimbit", "Nombor Telefon Bimbit", "Nombor WhatsApp"),
    ),
    ("phone", "Malay", _PRIMARY, ("Nombor Telefon", "No Telefon", "No Tel")),
    ("phone", "Chinese", _MOBILE, ("手机", "手机号", "手机号码", "手機", "手機號碼", "移动电话", "行動電話")),
    ("phone", "Chinese", _PRIMARY, ("电话", "电话号码", "联系电话", "電話", "電話號碼", "聯絡電話")),
    ("email", _ENGLISH, 0, ("Email", "Email Address", "Email ID", "Primary Email", "Primary Email Address")),
    ("email", _GOOGLE, 1, ("E-mail 1 - Value",)),
    ("email", _ENGLISH, 1, ("Email 1", "Personal Email")),
    ("email", _WOOCOMMERCE, 1, ("Billing Email",)),
    ("email", _ENGLISH, 2, ("Work Email",)),
    ("email", _GOOGLE, 3, ("E-mail 2 - Value",)),
    ("email", _OUTLOOK, 3, ("E-mail 2 Address", "E-Mail 2: Adresse")),
    ("email", _OUTLOOK, 3, ("Adresse de messagerie 2",)),
    ("email", _GOOGLE, 4, ("E-mail 3 - Value",)),
    ("email", _OUTLOOK, 4, ("E-mail 3 Address", "E-Mail 3: Adresse", "Adresse de messagerie 3")),
    (
        "email",
        "Spanish",
        0,
        ("Correo electrónico", "Correo", "Dirección de correo electrónico", "Dirección de correo"),
    ),
    (
        "email",
        "French",
        0,
        ("Adresse e-mail", "Adresse mail", "Adresse de messagerie", "Courriel", "Adresse courriel"),
    ),
    ("email", "French", 0, ("Adresse électronique",)),
    ("email", "German", 0, ("E-Mail-Adresse", "Mailadresse")),
    (
        "email",
        "Portuguese",
        0,
        ("Endereço de e-mail", "Correio eletrônico", "Endereço eletrônico"),
    ),
    ("email", "Arabic", 0, ("البريد الإلكتروني", "الإيميل", "ايميل", "بريد إلكتروني")),
    ("email", "Urdu", 0, ("ای میل", "ای میل ایڈریس", "ای میل پتہ")),
    ("email", "Indonesian", 0, ("Alamat Email", "Surel", "Alamat Surel")),
    ("email", "Malay", 0, ("E-mel", "Alamat E-mel")),
    ("email", "Chinese", 0, ("邮箱", "电子邮箱", "电子邮件", "邮箱地址", "電子郵件", "電子信箱", "電郵")),
    ("language", _ENGLISH, 0, ("Language", "Preferred Language", "Language Preference")),
    ("language", _HUBSPOT, 0, ("hs_language",)),
    ("language", "Spanish", 0, ("Idioma", "Idioma preferido")),
    ("language", "French", 0, ("Langue", "Langue préférée")),
    ("language", "German", 0, ("Sprache", "Bevorzugte Sprache")),
    ("language", "Portuguese", 0, ("Língua", "Idioma preferencial")),
    ("language", "Arabic", 0, ("اللغة", "اللغة المفضلة")),
    ("language", "Urdu", 0, ("زبان",)),
    ("language", "Indonesian and Malay", 0, ("Bahasa",)),
    ("language", "Chinese", 0, ("语言", "語言", "首选语言")),
    ("profilePic", _ENGLISH, 0, ("Profile Pic", "Profile Picture", "Profile Photo", "Profile Image", "Avatar")),
    ("profilePic", _ENGLISH, 0, ("Profile Picture URL", "Profile Photo URL", "Profile Image URL", "Avatar URL")),
    (TAGS, _ENGLISH, 0, ("Tags", "Contact Tags")),
    (TAGS, "Spanish and Portuguese", 0, ("Etiquetas",)),
    (TAGS, "French", 0, ("Étiquettes",)),
    (TAGS, "German", 0, ("Schlagwörter", "Schlagworte")),
    (TAGS, "Arabic", 0, ("الوسوم", "وسوم")),
    (TAGS, "Urdu", 0, ("ٹیگز", "ٹیگ")),
    (TAGS, "Chinese", 0, ("标签", "標籤")),
    (FULL_NAME, _ENGLISH, 0, ("Full Name", "Name", "Contact Name", "Contact Full Name")),
    (FULL_NAME, "Spanish", 0, ("Nombre completo", "Nombre y apellidos", "Nombre", "Nombres")),
    (FULL_NAME, "French", 0, ("Nom complet", "Nom et prénom", "Prénom et nom", "Nom")),
    (FULL_NAME, "German", 0, ("Vollständiger Name", "Vor- und Nachname")),
    (FULL_NAME, "Portuguese", 0, ("Nome completo", "Nome e sobrenome", "Nome")),
    (FULL_NAME, "Arabic", 0, ("الاسم الكامل", "الاسم")),
    (FULL_NAME, "Urdu", 0, ("پورا نام", "مکمل نام", "نام")),
    (FULL_NAME, "Indonesian and Malay", 0, ("Nama", "Nama Lengkap", "Nama Penuh")),
    (FULL_NAME, "Chinese", 0, ("姓名", "全名", "名字")),
    ("locale", _ENGLISH, 0, ("Locale",)),
    ("timezone", _ENGLISH, 0, ("Timezone",)),
    ("created_at", _ENGLISH, 0, ("Created At",)),
    ("gender", _ENGLISH, 0, ("Gender",)),
    ("gender", "Spanish and Portuguese", 0, ("Género", "Sexo")),
    ("gender", "French", 0, ("Sexe",)),
    ("gender", "German", 0, ("Geschlecht",)),
    ("gender", "Arabic", 0, ("الجنس",)),
    ("gender", "Urdu", 0, ("جنس",)),
    ("gender", "Indonesian", 0, ("Jenis Kelamin",)),
    ("gender", "Malay", 0, ("Jantina",)),
    ("gender", "Chinese", 0, ("性别", "性別")),
)

_BESIDE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Nom", "lastName", ("Prénom", "Prénoms")),
    ("Name", "lastName", ("Vorname", "Vornamen")),
    ("Nombre", "firstName", ("Apellido", "Apellidos")),
    ("Nombres", "firstName", ("Apellido", "Apellidos")),
    ("Nome", "firstName", ("Sobrenome",)),
    ("الاسم", "firstName", ("اسم العائلة", "الاسم الأخير", "الاسم العائلي")),
    ("名字", "firstName", ("姓", "姓氏")),
)
"""Headers of whole names that mean one part where the other part has a column of its own."""


def known_header(header: str) -> KnownHeader | None:
    """What `header` means by itself, whatever its case, accents, blanks and punctuation; None if nobody knows."""
    return _KNOWN.get(_key(header))


def known_headers(header: Sequence[str]) -> list[KnownHeader | None]:
    """What the columns under `header` mean beside each other, one answer a column.

    `Nom` is the last name beside `Prénom`, and a whole name otherwise. Of several columns for one field only the
    first of lowest rank has an answer; lists of tags all have one.
    """
    keys = [_key(text) for text in header]
    found = [_beside(key, keys) or _KNOWN.get(key) for key in keys]
    best: dict[str, int] = {}
    for position, known in enumerate(found):
        if known is not None:
            other = found[best.get(known.field, position)]
            if other is None or known.rank < other.rank or known is other:
                best[known.field] = position
    return [
        known if known and (known.field == TAGS or best[known.field] == position) else None
        for position, known in enumerate(found)
    ]


def _beside(key: str, keys: Iterable[str]) -> KnownHeader | None:
    field, partners = _PARTS.get(key, ("", frozenset()))
    return replace(_KNOWN[key], field=field) if partners.intersection(keys) else None


def _key(header: str) -> str:
    """The letters and digits of `header`, without accents: the form in which headers are looked up."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", normalize_name(header)) if sign.isalnum())


_KNOWN: Mapping[str, KnownHeader] = MappingProxyType(
    {_key(name): KnownHeader(field, origin, rank) for field, origin, rank, names in _HEADERS for name in names}
)
_PARTS: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType(
    {_key(name): (field, frozenset(map(_key, partners))) for name, field, partners in _BESIDE}
)
