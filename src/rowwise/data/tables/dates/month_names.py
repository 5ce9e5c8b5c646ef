"""Names of months, full and short, in the languages that tables come in → their numbers."""

from __future__ import annotations

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            # English, German, French, Spanish; Portuguese, Italian, Dutch, Nordic; Polish; Russian; Turkish; Czech and
            # Slovak; Finnish; Greek; Hungarian; Indonesian; Romanian; Ukrainian; Catalan; Hebrew,
            # Arabic, Bulgarian and Estonian. Croatian is left out, whose
            # listopad is October: November in Polish and Czech.
            "jan january januar janvier janv enero ene janeiro gennaio gen januari styczeń stycznia sty янв января"
            " январь ocak oca"
            " leden ledna januára tammikuu tammikuuta ιανουάριος ιανουαρίου ιαν január ianuarie січень січня"
            " gener"
            " jän jänner ינואר בינואר يناير януари jaanuar",
            "feb february februar februari février févr fév fevrier fevr fev"
            " febrero fevereiro febbraio luty lutego lut фев февр"
            " февраля февраль şubat şub"
            " únor února február februára helmikuu helmikuuta φεβρουάριος φεβρουαρίου φεβ februarie лютий"
            " лютого febrer"
            " feber פברואר בפברואר فبراير февруари veebruar",
            "mar march märz mär mrz maerz mars marzo março marco maart mrt marzec marca мар марта март mart"
            " březen března marec maaliskuu maaliskuuta μάρτιος μαρτίου μαρ március maret martie березень"
            " березня marts març"
            " מרץ מרס במרץ במרס مارس märts",
            "apr april avril avr abril abr aprile kwiecień kwietnia kwi апр апреля апрель nisan nis"
            " duben dubna apríl apríla huhtikuu huhtikuuta απρίλιος απριλίου απρ április aprilie квітень"
            " квітня"
            " אפריל באפריל أبريل ابريل aprill",
            "may mai mayo maio maggio mag mei maj maja май мая mayıs"
            " květen května máj mája toukokuu toukokuuta μάιος μαΐου μαϊ május травень травня maig"
            " מאי במאי مايو mai",
            "jun june juni juin junio junho giugno giu czerwiec czerwca cze июн июня июнь haziran haz"
            " červen června jún júna kesäkuu kesäkuuta ιούνιος ιουνίου ιουν június iunie червень червня juny"
            " יוני ביוני يونيو юни juuni",
            "jul july juli juillet juil julio julho luglio lug lipiec lipca lip июл июля июль temmuz tem"
            " červenec července júl júla heinäkuu heinäkuuta ιούλιος ιουλίου ιουλ július iulie липень липня"
            " juliol"
            " יולי ביולי يوليو юли juuli",
            "aug august augusti augustus août aout agosto ago sierpień sierpnia sie авг августа август ağustos ağu"
            " srpen srpna augusta elokuu elokuuta αύγουστος αυγούστου αυγ augusztus agustus agt серпень"
            " серпня agost"
            " אוגוסט באוגוסט أغسطس اغسطس",
            "sep sept september septembre septiembre setembro set settembre sett wrzesień września wrz сен сент"
            " сентября сентябрь eylül eyl"
            " září syyskuu syyskuuta σεπτέμβριος σεπτεμβρίου σεπ szeptember septembra septembrie вересень"
            " вересня setembre"
            " ספטמבר בספטמבר سبتمبر септември",
            "oct october oktober okt octobre octubre outubro out ottobre ott październik października paź окт октября"
            " октябрь ekim eki"
            " říjen října októbra lokakuu lokakuuta οκτώβριος οκτωβρίου οκτ október octombrie жовтень жовтня"
            " אוקטובר באוקטובר أكتوبر اكتوبر октомври oktoober",
            "nov november novembre noviembre novembro listopad listopada lis ноя нояб ноября ноябрь kasım kas"
            " novembra marraskuu marraskuuta νοέμβριος νοεμβρίου νοε noiembrie листопад листопада"
            " נובמבר בנובמבר نوفمبر ноември",
            "dec december dezember dez décembre déc decembre diciembre dic dezembro dicembre desember des grudzień"
            " grudnia gru дек декабря декабрь aralık ara"
            " prosinec prosince decembra joulukuu joulukuuta δεκέμβριος δεκεμβρίου δεκ decembrie грудень"
            " грудня"
            " דצמבר בדצמבר ديسمبر декември detsember",
        ),
        1,
    )
    for name in names.split()
}
# Words besides: a month where a day stands beside them, but `Set 12` is a set.
WORDS = frozenset(("set", "out", "mag", "gen", "sie", "lip", "lis", "des", "lut", "cze", "tem", "kas", "ara", "ago"))
