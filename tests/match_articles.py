"""Made-up previews and reports of two matches of one team, in five languages."""

from __future__ import annotations

from datetime import date

from dedup import Article

_MATCHES = {
    "en": (
        (
            "Corran host Halmsund in the cup semi-final on Saturday",
            "Corran host Halmsund at the Harbour Stadium on Saturday in the semi-final of the "
            "Northern Cup. Coach Ada Brandt has doubts over striker Cy Dunn, who hurt his ankle "
            "in training. Halmsund have won nine matches in a row, and their captain Pell Orme "
            "wants a tenth. The kick-off is at six, and all 14,000 tickets are sold.",
        ),
        (
            "Corran beat Halmsund 2-1 and are in the cup final",
            "Corran are in the final of the Northern Cup after they beat Halmsund 2-1 at the "
            "Harbour Stadium on Saturday. Striker Cy Dunn, who had hurt his ankle, came on after "
            "the break and scored both goals. Captain Pell Orme had put Halmsund ahead before "
            "14,000. Coach Ada Brandt called it the evening of her life.",
        ),
        (
            "Corran meet Lindvik in the final of the Northern Cup",
            "The final of the Northern Cup is played on Saturday at Ostby: Corran meet Lindvik, "
            "who have not conceded a goal since April. Keeper Mara Sool of Lindvik is the wall "
            "that Corran must pass. Coach Ada Brandt of Corran trained penalties all week. 22,000"
            " are expected at the Ostby Arena.",
        ),
        (
            "Lindvik beat Corran 1-0 in the final",
            "Lindvik have won the Northern Cup: they beat Corran 1-0 at the Ostby Arena on "
            "Saturday with a penalty of Jens Havel in the last minute. Keeper Mara Sool stopped "
            "nine shots of Corran. 22,000 saw the final. Coach Ada Brandt of Corran congratulated"
            " in tears.",
        ),
    ),
    "de": (
        (
            "Corran empfängt Halmsund zum Halbfinale im Nordpokal",
            "Corran empfängt Halmsund am Samstag im Hafenstadion zum Halbfinale des Nordpokals. "
            "Trainerin Ada Brandt bangt um Stürmer Cy Dunn, der sich im Training am Knöchel "
            "verletzt hat. Halmsund hat neun Spiele in Folge gewonnen, Kapitän Pell Orme will das"
            " zehnte. Anpfiff ist um 18 Uhr, alle 14.000 Karten sind verkauft.",
        ),
        (
            "Corran schlägt Halmsund 2:1 und steht im Finale",
            "Corran steht im Finale des Nordpokals. Im Halbfinale schlug die Mannschaft Halmsund "
            "am Samstag im Hafenstadion 2:1. Stürmer Cy Dunn, am Knöchel verletzt, kam nach der "
            "Pause und traf zweimal. Kapitän Pell Orme hatte Halmsund vor 14.000 in Führung "
            "gebracht. Trainerin Ada Brandt sprach vom Abend ihres Lebens.",
        ),
        (
            "Corran trifft im Finale des Nordpokals auf Lindvik",
            "Das Finale des Nordpokals wird am Samstag in Ostby gespielt: Corran trifft auf "
            "Lindvik, das seit April kein Tor mehr bekommen hat. Torhüterin Mara Sool ist die "
            "Mauer, an der Corran vorbei muss. Trainerin Ada Brandt ließ die ganze Woche Elfmeter"
            " üben. In der Ostby-Arena werden 22.000 erwartet.",
        ),
        (
            "Lindvik gewinnt das Finale 1:0 gegen Corran",
            "Lindvik hat den Nordpokal gewonnen: Die Mannschaft schlug Corran am Samstag in der "
            "Ostby-Arena 1:0 durch einen Elfmeter von Jens Havel in letzter Minute. Torhüterin "
            "Mara Sool hielt neun Schüsse von Corran. 22.000 sahen das Finale. Trainerin Ada "
            "Brandt gratulierte unter Tränen.",
        ),
    ),
    "fr": (
        (
            "Corran reçoit Halmsund en demi-finale de la Coupe du Nord",
            "Corran reçoit Halmsund samedi au stade du Port en demi-finale de la Coupe du Nord. "
            "L'entraîneuse Ada Brandt craint pour son attaquant Cy Dunn, touché à la cheville. "
            "Halmsund a gagné neuf matchs de suite, et son capitaine Pell Orme en veut un "
            "dixième. Les 14 000 billets sont vendus.",
        ),
        (
            "Corran bat Halmsund 2-1 et va en finale",
            "Corran est en finale de la Coupe du Nord. En demi-finale, l'équipe a battu Halmsund "
            "2-1 samedi au stade du Port. L'attaquant Cy Dunn, touché à la cheville, est entré "
            "après la pause et a marqué deux buts. Le capitaine Pell Orme avait ouvert le score "
            "pour Halmsund devant 14 000 spectateurs. L'entraîneuse Ada Brandt a parlé du soir de"
            " sa vie.",
        ),
        (
            "Corran affronte Lindvik en finale de la Coupe du Nord",
            "La finale de la Coupe du Nord se joue samedi à Ostby : Corran affronte Lindvik, qui "
            "n'a pas encaissé de but depuis avril. La gardienne Mara Sool est le mur que Corran "
            "doit passer. Ada Brandt a fait répéter les tirs au but toute la semaine. On attend "
            "22 000 spectateurs à l'Arena d'Ostby.",
        ),
        (
            "Lindvik bat Corran 1-0 en finale",
            "Lindvik a gagné la Coupe du Nord : l'équipe a battu Corran 1-0 samedi à l'Arena "
            "d'Ostby sur un tir au but de Jens Havel à la dernière minute. La gardienne Mara Sool"
            " a arrêté neuf tirs. 22 000 spectateurs ont vu la finale. Ada Brandt a félicité les "
            "vainqueurs en larmes.",
        ),
    ),
    "es": (
        (
            "Corran recibe a Halmsund en la semifinal de la Copa del Norte",
            "Corran recibe a Halmsund el sábado en el estadio del Puerto en la semifinal de la "
            "Copa del Norte. La entrenadora Ada Brandt duda con el delantero Cy Dunn, lesionado "
            "en el tobillo. Halmsund ha ganado nueve partidos seguidos y su capitán Pell Orme "
            "quiere el décimo. Se han vendido las 14.000 entradas.",
        ),
        (
            "Corran gana 2-1 a Halmsund y está en la final",
            "Corran está en la final de la Copa del Norte. En la semifinal el equipo ganó 2-1 a "
            "Halmsund el sábado en el estadio del Puerto. El delantero Cy Dunn, lesionado en el "
            "tobillo, entró tras el descanso y marcó dos goles. El capitán Pell Orme había "
            "adelantado a Halmsund ante 14.000 personas. La entrenadora Ada Brandt habló de la "
            "noche de su vida.",
        ),
        (
            "Corran se mide a Lindvik en la final de la Copa del Norte",
            "La final de la Copa del Norte se juega el sábado en Ostby: Corran se mide a Lindvik,"
            " que no recibe un gol desde abril. La portera Mara Sool es el muro que Corran debe "
            "pasar. Ada Brandt ensayó penaltis toda la semana. Se esperan 22.000 personas en el "
            "Arena de Ostby.",
        ),
        (
            "Lindvik gana 1-0 a Corran en la final",
            "Lindvik ha ganado la Copa del Norte: el equipo venció 1-0 a Corran el sábado en el "
            "Arena de Ostby con un penalti de Jens Havel en el último minuto. La portera Mara "
            "Sool paró nueve tiros. 22.000 personas vieron la final. Ada Brandt felicitó a los "
            "ganadores entre lágrimas.",
        ),
    ),
    "it": (
        (
            "Corran riceve Halmsund nella semifinale della Coppa del Nord",
            "Corran riceve Halmsund sabato allo stadio del Porto nella semifinale della Coppa del"
            " Nord. L'allenatrice Ada Brandt teme per l'attaccante Cy Dunn, colpito alla "
            "caviglia. Halmsund ha vinto nove partite di fila e il capitano Pell Orme vuole la "
            "decima. I 14.000 biglietti sono venduti.",
        ),
        (
            "Corran batte Halmsund 2-1 ed è in finale",
            "Corran è in finale della Coppa del Nord. Nella semifinale la squadra ha battuto "
            "Halmsund 2-1 sabato allo stadio del Porto. L'attaccante Cy Dunn, colpito alla "
            "caviglia, è entrato dopo l'intervallo e ha segnato due gol. Il capitano Pell Orme "
            "aveva portato in vantaggio Halmsund davanti a 14.000 persone. L'allenatrice Ada "
            "Brandt ha parlato della sera della sua vita.",
        ),
        (
            "Corran affronta Lindvik nella finale della Coppa del Nord",
            "La finale della Coppa del Nord si gioca sabato a Ostby: Corran affronta Lindvik, che"
            " non prende un gol da aprile. La portiera Mara Sool è il muro che Corran deve "
            "passare. Ada Brandt ha provato i rigori per tutta la settimana. All'Arena di Ostby "
            "si attendono 22.000 persone.",
        ),
        (
            "Lindvik batte Corran 1-0 in finale",
            "Lindvik ha vinto la Coppa del Nord: la squadra ha battuto Corran 1-0 sabato "
            "all'Arena di Ostby con un rigore di Jens Havel all'ultimo minuto. La portiera Mara "
            "Sool ha fermato nove tiri. 22.000 persone hanno visto la finale. Ada Brandt si è "
            "congratulata in lacrime.",
        ),
    ),
}
LANGUAGES = tuple(_MATCHES)
_DAYS = (14, 15, 21, 22)


def matches(language: str) -> list[Article]:
    """Preview and report of one match, then of the next, each by two outlets."""
    return [
        Article(
            id=f"{number} {outlet}",
            title=title,
            text=text if outlet == "Echo" else " ".join(text.split(". ")[::-1]),
            published=date(2024, 6, day),
            source=outlet,
        )
        for number, ((title, text), day) in enumerate(zip(_MATCHES[language], _DAYS, strict=True))
        for outlet in ("Echo", "Post")
    ]
