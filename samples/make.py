"""Writes the samples: `contacts.xlsx` and `contacts.csv` with the same people, and `wide.csv` with 45 fields.

    .venv/bin/python samples/make.py [FOLDER]

All people are invented. Phones come from the ranges that countries keep for fiction, where there are any. The same
Python writes the same bytes every time; another one may pack the workbook differently, its content stays the same.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

MADE = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""The moment the workbook says it was made: a fixed one, so that its bytes are."""

HEADER = (
    *("First Name", "Last Name", "Mobile No", "Email", "Language", "Street", "Postal Code", "City", "Country"),
    *("Customer Number", "Birthday", "Newsletter", "Tags", "Remove Tags", "heyx contact id", "Notes"),
)
WIDTHS = (16, 20, 20, 32, 10, 26, 12, 18, 16, 17, 12, 12, 34, 14, 20, 36)

TWELVE_TAGS = (
    "VIP; Spring fair; Newsletter 2026; Café; Wholesale; Early bird; Beta tester; "
    "Referral; Platform Updates; Blog Updates; Événement; 春"
)

NO_VALUE = "#N/A"
"""Stands in the workbook for a formula that found nothing; a CSV file has no such cell, there it is blank."""

# A person is two lines, and one more for each thing that few people have.
PEOPLE = f"""
Amélie | Dubois | +33639980127 | amelie.dubois@example.com | fr
  12 rue des Lilas | 31000 | Toulouse | France | 427 | 1988-03-14 | yes | VIP; Spring fair
ليلى | الحداد | +201000000123 | layla@example.com | ar
  ١٤ شارع النيل | 11511 | القاهرة | Egypt | 428 | 1991-11-02 | yes | VIP
Mahin | Dar | +923244077087 | | en
  House 7, Street 9 | 44000 | Islamabad | Pakistan | 1 | 1990-06-21 | yes | Platform Updates
  remove: Blog Updates
  id: 7535728846644153
王 | 小明 | +8613800000172 | xiaoming.wang@example.com | zh
  南京东路 1 号 | 200001 | 上海 | China | 431 | 1985-08-08 | yes | {TWELVE_TAGS}
Siobhán | O’Brien | +353209100142 | | en
  3 Quay Street | H91 X2Y3 | Galway | Ireland | 432 | 1979-12-31 | no | Spring fair
נועה | לוי | +972500000193 | noa.levi@example.com | he
  רחוב הרצל 22 | 6688101 | תל אביב | Israel | 433 | 1994-02-28 | yes | VIP; Blog Updates
Mia 🌻 | Schröder-Groß | +493023125417 | mia@example.com | de
  Lindenallee 5 | 01067 | Dresden | Germany | 434 | 2000-02-29 | yes | Spring fair
  note: Calls herself Mia 🌻 everywhere, keep it
佐藤 | さくら | +819000000135 | sakura.sato@example.com | ja
  神南 1-2-3 | 150-0041 | 東京 | Japan | 435 | 1997-04-05 | no | 春
김 | 민준 | +821000000128 | minjun.kim@example.com | ko
  세종대로 110 | 04524 | 서울 | South Korea | 436 | 1993-09-17 | yes |
Thandiwe | Nkosi | +27710000184 | thandiwe@example.com | zu
  18 Jacaranda Road | 0002 | Pretoria | South Africa | 437 | 1989-07-19 | yes | VIP; Wholesale
José María | Núñez de la O | +525500000119 | | es
  Av. Juárez 100, int. 4 | 06050 | Ciudad de México | Mexico | 438 | 1975-05-10 | no | Wholesale
Nobody | Reachable | | | en
  1 Nowhere Lane | 00000 | Nowhere | Nowhere | 439 | | no |
  note: Gave neither a phone nor an email
Zoë | Brandt | | zoe@example.com | de
  Am Ufer 11 | 10178 | Berlin | Germany | 440 | 1982-10-03 | yes | VIP; Early bird
  id: 5812244388051456
Олена | Шевченко | +380500000176 | olena@example.com | uk
  вул. Січових Стрільців, 9 | 04053 | Київ | Ukraine | 441 | 1996-08-24 | yes | VIP
Γιώργος | Παπαδόπουλος | +306900000137 | | el
  Ερμού 15 | 105 63 | Αθήνα | Greece | 442 | 1970-03-25 | no |
Ngọc Ánh | Trần | +84900000163 | ngoc.anh@example.com | vi
  24 Hàng Bông | 100000 | Hà Nội | Vietnam | 443 | 2001-01-30 | yes | Referral; VIP
James | Whitfield | +44 20 7946 0958 | j.whitfield@example.com | en
  221 Orchard Street | EC1A 1ZZ | London | United Kingdom | 444 | 1968-11-05 | yes | Wholesale; Referral
Same | As Whitfield | 442079460958 | | en
  221 Orchard Street | EC1A 1ZZ | London | United Kingdom | 445 | | no |
  note: Entered twice: same phone as James Whitfield, written another way
प्रिया | शर्मा | +919000000164 | priya@example.com | hi
  14 एम जी रोड | 560001 | बेंगलुरु | India | 446 | 1998-10-24 | yes | {TWELVE_TAGS}
Łukasz | Żółć | +48500000118 | lukasz@example.com | pl
  ul. Długa 3/5 | 00-238 | Warszawa | Poland | 447 | 1987-06-01 | no |
Işıl | Yıldız | +905000000164 | isil@example.com | tr
  İstiklal Cd. 44 | 34430 | İstanbul | Türkiye | 448 | 1992-04-23 | yes | Spring fair; VIP
Rounded | Phone | 9.23E+11 | | ur
  Mall Road 3 | 54000 | Lahore | Pakistan | 449 | 1986-01-09 | no |
  note: The phone was once a number, and Excel rounded it
João Gabriel | Araújo | +5511900000146 | joao@example.com | pt
  Rua das Flores, 70 | 01310-100 | São Paulo | Brazil | 450 | 1995-09-07 | yes | Early bird
สมชาย | ใจดี | +66800000147 | | th
  99 ถนนสุขุมวิท | 10110 | กรุงเทพฯ | Thailand | 451 | 1984-12-05 | no |
Wanjirũ | Kamau | +254700000162 | wanjiru@example.com | sw
  5 Acacia Close | 00100 | Nairobi | Kenya | 452 | 1999-12-12 | yes | VIP
Amaka | Obi | | amaka.obi@example.com | en
  8 Palm Avenue | 101233 | Lagos | Nigeria | 453 | 1990-10-01 | yes | Wholesale
  id: 4995263904795337
Chidi 🎧 | Eze | +2348000000171 | chidi@example.com | ig
  2 Market Road | 400001 | Enugu | Nigeria | 454 | 2002-05-27 | yes | Beta tester
Keola | Kāneʻohe | +1 808-555-0133 | | en
  40 Plumeria Way | 96744 | Kāneʻohe | United States | 455 | 1973-08-21 | no |
Lookup | Failed | +16135550114 | | en
  77 Maple Street | K1A 0B1 | {NO_VALUE} | Canada | 456 | 1981-07-01 | no |
  note: The city was a formula that found nothing
Björk | Þórðardóttir | +3546000117 | bjork@example.com | is
  Laugavegur 101 | 101 | Reykjavík | Iceland | 457 | 1965-06-17 | yes | VIP; Événement
Åsa | Öberg | +46701740612 | | sv
  Storgatan 1 | 114 51 | Stockholm | Sweden | 458 | 1978-06-06 | no |
Kirra | Walker | +61491570156 | kirra@example.com | en
  6 Wattle Street | 0800 | Darwin | Australia | 459 | 2003-01-26 | yes | {TWELVE_TAGS}
ნინო | ბერიძე | | nino@example.com | ka
  რუსთაველის 12 | 0108 | თბილისი | Georgia | 460 | 1991-05-26 | yes | VIP
آرش | کریمی | | arash@example.com | fa
  خیابان حافظ ۸ | 1135934511 | تهران | Iran | 461 | 1983-03-20 | no | Blog Updates
Marie-Ève | D’Amours | | marie.eve@example.com | fr
  350 rue Saint-Paul Est | H2Y 1H2 | Montréal | Canada | 462 | 1994-06-24 | yes |
Both | Ways | +12125550147 | | en
  9 Contrary Road | 10001 | New York | United States | 463 | | no | Wholesale; Churned
  remove: Churned
  note: Is to get the tag Churned and to lose it
Ana-Maria | Țepeș | | ana.maria@example.com | ro
  Str. Lipscani 30 | 030033 | București | Romania | 464 | 1980-12-01 | no | Referral
Tarak | ⵜⴰⵔⴰⴽ | | tarak@example.org | ber
  4 rue de l’Atlas | 40000 | مراكش | Morocco | 465 | 1976-01-12 | no |
👩‍🚀 Valentina | Rossi | | valentina.rossi@example.net | it
  Via dei Mille 21 | 00185 | Roma | Italy | 466 | 1963-06-16 | yes | Événement
Teuila | Fa‘asavalu | | teuila@example.com | sm
  Beach Road | | Apia | Samoa | 467 | 1988-06-01 | no |
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the contacts: its text cells, and what a workbook holds as a number, a date and a boolean."""

    name: tuple[str, str]
    reach: tuple[str, str, str]
    address: tuple[str, str, str, str]
    customer: int
    birthday: date | None
    newsletter: bool
    tags: str
    remove_tags: str
    id: str
    note: str


def people() -> Iterator[Person]:
    """The people, in the order of the sheet."""
    blocks: list[list[str]] = []
    for line in PEOPLE.strip().splitlines():
        if line.startswith("  "):
            blocks[-1].append(line.strip())
        else:
            blocks.append([line])
    return map(_person, blocks)


def _person(lines: Sequence[str]) -> Person:
    first, last, phone, email, language = (part.strip() for part in lines[0].split("|"))
    street, postal, city, country, number, born, news, tags = (part.strip() for part in lines[1].split("|"))
    few = dict(line.split(": ", 1) for line in lines[2:])
    return Person(
        name=(first, last),
        reach=(phone, email, language),
        address=(street, postal, city, country),
        customer=int(number),
        birthday=date.fromisoformat(born) if born else None,
        newsletter=news == "yes",
        tags=tags,
        remove_tags=few.get("remove", ""),
        id=few.get("id", ""),
        note=few.get("note", ""),
    )


def write_workbook(path: Path) -> None:
    """Write the people as a person keeps them in Excel: a bold frozen header, real dates, codes as text."""
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"title": "Contacts", "author": "heyx-bulk", "created": MADE})
        sheet = book.add_worksheet("Contacts")
        sheet.write_row(0, 0, HEADER, book.add_format({"bold": True, "bottom": 1}))
        sheet.freeze_panes(1, 0)
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        text, code = book.add_format({"num_format": "@"}), book.add_format({"num_format": "000000"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        rows = list(people())
        for row, person in enumerate(rows, 1):
            _write_texts(sheet, row, 0, (*person.name, *person.reach, *person.address), text)
            sheet.write_number(row, 9, person.customer, code)
            if person.birthday:
                sheet.write_datetime(row, 10, person.birthday, day)
            sheet.write_boolean(row, 11, person.newsletter)
            _write_texts(sheet, row, 12, (person.tags, person.remove_tags, person.id, person.note), text)
        sheet.autofilter(0, 0, len(rows), len(HEADER) - 1)


def _write_texts(sheet: Worksheet, row: int, first: int, cells: Sequence[str], style: Format) -> None:
    for column, cell in enumerate(cells, first):
        if cell == NO_VALUE:
            sheet.write_formula(row, column, "=NA()", style, NO_VALUE)
        elif cell:
            sheet.write_string(row, column, cell, style)


def write_contacts(path: Path) -> None:
    """Write the same people as the CSV file that Excel calls `CSV UTF-8`."""
    rows = (
        (
            *person.name,
            *person.reach,
            *("" if cell == NO_VALUE else cell for cell in person.address),
            f"{person.customer:06d}",
            person.birthday.isoformat() if person.birthday else "",
            "true" if person.newsletter else "false",
            *(person.tags, person.remove_tags, person.id, person.note),
        )
        for person in people()
    )
    _write_csv(path, HEADER, rows)


WIDE_HEADER = (
    *("First Name", "Last Name", "Email", "Language", "Customer Number", "Company", "Department", "Job Title"),
    *("Street", "Postal Code", "City", "Region", "Country", "Birthday", "Website", "VAT Number", "Currency"),
    *("Credit Limit", "Payment Days", "Sales Person", "Source", "First Order", "Last Order", "Orders"),
    *("Turnover 2024", "Turnover 2025", "Turnover 2026", "Discount", "Shirt Size", "Shoe Size", "Colour", "Diet"),
    *("Allergies", "Newsletter", "Text Messages", "Birthday Card", "Points", "Level", "Store", "Delivery Day"),
    *("Delivery Note", "Invoice Language", "Rating", "Comment", "Phone"),
)
"""45 fields, and the phone, by which a row is matched, is the last."""

WIDE_PEOPLE = """
Inès | Laurent | fr | Lyon | France | EUR | +33199000231
Owen | Pritchard | en | Cardiff | United Kingdom | GBP | +447700900123
Greta | Wolff | de | Leipzig | Germany | EUR | +491713920042
Maeve | Doyle | en | Cork | Ireland | EUR | +353209100177
Nils | Ek | sv | Uppsala | Sweden | SEK | +46701740655
Dana | Reyes | en | Tucson | United States | USD | +15205550188
Étienne | Roy | fr | Québec | Canada | CAD | +14185550161
Marlee | Hughes | en | Hobart | Australia | AUD | +61491571266
花子 | 田中 | ja | 大阪 | Japan | JPY | +819000000181
Yusuf | Demir | tr | İzmir | Türkiye | TRY | +905000000127
Luz | Cárdenas | es | Bogotá | Colombia | COP | +573000000149
Kwame | Boateng | en | Kumasi | Ghana | GHS | +233200000139
"""


def write_wide(path: Path) -> None:
    """Write a dozen people with 45 fields each."""
    _write_csv(path, WIDE_HEADER, (_wide(n, line) for n, line in enumerate(WIDE_PEOPLE.strip().splitlines(), 1)))


def _wide(number: int, line: str) -> tuple[str, ...]:
    first, last, language, city, country, currency, phone = (part.strip() for part in line.split("|"))

    def one_of(*words: str) -> str:
        return words[number % len(words)]

    return (
        *(
            first,
            last,
            f"person{number:02d}@example.com",
            language,
            f"{900 + number:06d}",
            f"Example {number} Ltd",
        ),
        *(one_of("Sales", "Buying", "Design"), one_of("Head", "Assistant"), f"{number} Sample Street"),
        *(f"{1060 + 7 * number:05d}", city, one_of("North", "South"), country, f"{1970 + number}-02-{number:02d}"),
        *(f"https://example.com/{number}", f"X{number:09d}", currency, f"{500 * number}.00", one_of("14", "30")),
        *(one_of("Ada", "Ben", "Cy"), one_of("Fair", "Web"), f"2023-{number:02d}-01", f"2026-{number:02d}-28"),
        *(str(3 * number), f"{1000 + 111 * number}.50", f"{1200 + 97 * number}.00", f"{800 + 53 * number}.25"),
        *(f"{number % 4 * 5} %", one_of("S", "M", "L"), str(35 + number), one_of("Red", "Blue", "Green")),
        *(one_of("Vegan", "Any"), one_of("None", "Nuts"), one_of("true", "false"), one_of("false", "true")),
        *("true", str(120 * number), one_of("Gold", "Silver", "Bronze"), f"Store {number:03d}"),
        *(one_of("Mon", "Wed", "Fri"), one_of("Ring twice", "Leave at the door"), language, one_of("4", "5")),
        *(f"Line one, with a comma; “quotes”, and\nline two of {number}", phone),
    )


def _write_csv(path: Path, header: Sequence[str], rows: Iterator[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def write_samples(folder: Path) -> None:
    """Write all three samples into `folder`."""
    write_workbook(folder / "contacts.xlsx")
    write_contacts(folder / "contacts.csv")
    write_wide(folder / "wide.csv")


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
