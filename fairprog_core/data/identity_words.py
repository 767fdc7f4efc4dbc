"""Words that name an identity in a comment, by the identity names of Civil Comments.

Single words in lower case. They are used to measure how much of an attribution falls on identity
words, never to assign a comment to a group.
"""

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


IDENTITY_WORDS: Mapping[str, frozenset[str]] = {
    "male": _words(
        "man men male males boy boys guy guys father fathers husband husbands brother brothers son sons gentleman"
        " gentlemen"
    ),
    "female": _words(
        "woman women female females girl girls mother mothers wife wives sister sisters daughter daughters lady ladies"
    ),
    "LGBTQ": _words(
        "gay gays lesbian lesbians bisexual bisexuals homosexual homosexuals homosexuality transgender trans"
        " transsexual lgbt lgbtq lgbtqia nonbinary"
    ),
    "christian": _words(
        "christian christians christianity christ jesus catholic catholics catholicism protestant protestants"
        " evangelical evangelicals baptist baptists methodist methodists lutheran lutherans anglican anglicans"
        " mormon mormons church churches chapel cathedral parish pastor pastors priest priests bishop bishops vicar"
        " deacon pope gospel bible christmas easter advent pentecost lent"
    ),
    "muslim": _words(
        "muslim muslims moslem moslems islam islamic mosque mosques imam imams sheikh sunni sunnis shia shiite"
        " shiites quran koran muhammad allah ramadan eid iftar hijab halal"
    ),
    "other_religions": _words(
        "jew jews jewish judaism synagogue synagogues rabbi rabbis torah hanukkah passover purim hindu hindus"
        " hinduism pandit swami diwali holi buddhist buddhists buddhism buddha pagoda lama vesak sikh sikhs sikhism"
        " gurdwara vaisakhi temple temples atheist atheists atheism pagan pagans"
    ),
    "black": _words("black blacks african africans"),
    "white": _words("white whites caucasian caucasians"),
}
"""The words of each of the eight identities that Civil Comments is evaluated on."""
