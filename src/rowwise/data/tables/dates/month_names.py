"""Names of months, full and short, in the languages that tables come in → their numbers."""

from __future__ import annotations

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            # English, German, French, Spanish; Portuguese, Italian, Dutch, Nordic; Polish; Russian; Turkish
            "jan january januar janvier janv enero ene janeiro gennaio gen januari styczeń stycznia sty янв января"
            " январь ocak oca",
            "feb february februar februari février fév fevrier fev febrero fevereiro febbraio luty lutego lut фев февр"
            " февраля февраль şubat şub",
            "mar march märz mär mrz maerz mars marzo março marco maart mrt marzec marca мар марта март mart",
            "apr april avril avr abril abr aprile kwiecień kwietnia kwi апр апреля апрель nisan nis",
            "may mai mayo maio maggio mag mei maj maja май мая mayıs",
            "jun june juni juin junio junho giugno giu czerwiec czerwca cze июн июня июнь haziran haz",
            "jul july juli juillet juil julio julho luglio lug lipiec lipca lip июл июля июль temmuz tem",
            "aug august augusti augustus août aout agosto ago sierpień sierpnia sie авг августа август ağustos ağu",
            "sep sept september septembre septiembre setembro set settembre sett wrzesień września wrz сен сент"
            " сентября сентябрь eylül eyl",
            "oct october oktober okt octobre octubre outubro out ottobre ott październik października paź окт октября"
            " октябрь ekim eki",
            "nov november novembre noviembre novembro listopad listopada lis ноя нояб ноября ноябрь kasım kas",
            "dec december dezember dez décembre déc decembre diciembre dic dezembro dicembre desember des grudzień"
            " grudnia gru дек декабря декабрь aralık ara",
        ),
        1,
    )
    for name in names.split()
}
# Words besides: a month where a day stands beside them, but `Set 12` is a set.
WORDS = frozenset(("set", "out", "mag", "gen", "sie", "lip", "lis", "des", "lut", "cze", "tem", "kas", "ara", "ago"))
