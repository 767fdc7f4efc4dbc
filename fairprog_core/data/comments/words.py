"""The words of made-up comments: subjects, statements about them (cues), openers, contexts and tails.

Every subject is a few made-up people in a town (the families on a street, the helpers at a food
bank), never a religion as a whole. Insults are mild and would fit anybody: no slurs, no threats, no
stereotypes of any religion.
"""

from collections.abc import Mapping
from typing import NamedTuple

Phrases = tuple[str, ...]


class Names(NamedTuple):
    """The words of one religious tradition, by their place in a sentence.

    A word that is listed twice is drawn twice as often.
    """

    people: Phrases
    adjective: Phrases
    place: Phrases
    leader: Phrases
    holiday: Phrases


CHRISTIAN = Names(
    ("Christians", "Christians", "Catholics", "Baptists", "Methodists"),
    ("Christian", "Christian", "Christian", "Catholic", "Baptist", "Methodist", "Lutheran"),
    ("church", "church", "chapel", "cathedral", "Catholic school"),
    ("pastor", "priest", "bishop", "vicar"),
    ("Christmas", "Christmas", "Easter", "Advent"),
)
MUSLIM = Names(
    ("Muslims", "Muslims", "Muslims", "Sunni Muslims", "Shia Muslims"),
    ("Muslim", "Muslim", "Muslim", "Muslim", "Islamic", "Sunni", "Shia"),
    ("mosque", "mosque", "Islamic center", "Muslim school"),
    ("imam", "imam", "sheikh"),
    ("Ramadan", "Eid"),
)
OTHER = (
    Names(
        ("Jewish people",), ("Jewish",), ("synagogue", "Jewish school"), ("rabbi",), ("Hanukkah", "Passover", "Purim")
    ),
    Names(("Hindus",), ("Hindu",), ("Hindu temple",), ("pandit", "swami"), ("Diwali", "Holi")),
    Names(("Buddhists",), ("Buddhist",), ("Buddhist temple", "pagoda"), ("lama",), ("Vesak",)),
    Names(("Sikhs",), ("Sikh",), ("gurdwara", "Sikh temple"), ("Sikh elder",), ("Vaisakhi",)),
)
UNNAMED = Names(
    ("believers", "worshippers"),
    ("religious", "devout"),
    ("house of worship", "prayer room", "faith center"),
    ("spiritual leader", "head of the congregation"),
    ("holy day", "feast day"),
)
"""For comments that do not name the religion."""

TRADITIONS: Mapping[str, tuple[Names, ...]] = {"christian": (CHRISTIAN,), "muslim": (MUSLIM,), "other": OTHER}

# --- subjects: the field of `Names` that fills {who}, and the phrase; {street} and {venue} are places ---------

SUBJECTS: tuple[tuple[str, str], ...] = (
    ("people", "the {who} next door"),
    ("people", "the {who} I work with"),
    ("people", "the {who} in my evening class"),
    ("people", "the {who} who wrote that letter"),
    ("people", "the {who} from {street}"),
    ("people", "the two {who} at {venue}"),
    ("adjective", "the {who} families on {street}"),
    ("adjective", "the {who} helpers at {venue}"),
    ("adjective", "the {who} parents from {street}"),
    ("adjective", "the {who} couples at {venue}"),
    ("adjective", "my {who} neighbors on {street}"),
    ("adjective", "the {who} students in my building"),
    ("adjective", "the {who} players on our team"),
    ("adjective", "the {who} people behind the petition"),
    ("adjective", "our {who} coworkers"),
    ("place", "the people from the {who} on {street}"),
    ("place", "the folks who run the {who}"),
    ("place", "the helpers from the {who} near {street}"),
    ("place", "the members of the {who} on {street}"),
    ("leader", "the {who} and his friends from {street}"),
    ("leader", "the {who} and the team at {venue}"),
    ("leader", "the {who} and the people around him"),
    ("holiday", "the people behind the {who} fair on {street}"),
    ("holiday", "the folks who planned the {who} dinner"),
    ("holiday", "the families at the {who} party on {street}"),
    ("holiday", "the people at the {who} picnic"),
)

STREETS: Phrases = (
    "Maple Street", "Station Road", "Oak Avenue", "Mill Lane", "River Street", "Park Road", "Hill Street",
    "Market Street", "Bridge Road", "Cedar Lane", "King Street", "Elm Street", "Lake Drive", "Garden Street",
    "Tower Road", "Spring Street", "Forest Avenue", "Canal Street",
)  # fmt: skip
VENUES: Phrases = (
    "the food bank", "the library", "the community center", "the school fair", "the blood drive", "the town hall",
    "the swimming pool", "the bus depot", "the flea market", "the youth club", "the bakery", "the bike shop",
    "the hospital", "the gym", "the garden show", "the book club",
)  # fmt: skip

# --- cues, the statements about the subjects; {x} is filled with a first and a second word ---------------------


class Cue(NamedTuple):
    """Statements of one kind: phrases, and the pairs of words that fill their ``{x}``."""

    phrases: Phrases
    first: Phrases = ()
    second: Phrases = ()


STRONG_TOXIC = Cue(
    (
        "are {x}", "are {x}", "are nothing but {x}", "are a bunch of {x}", "are a bunch of {x}", "sound like {x}",
        "behave like {x}", "keep acting like {x}", "have always been {x}", "will always be {x}",
        "are too stupid to read a sign", "should just shut up", "are a total embarrassment", "are just plain stupid",
        "are an absolute disgrace", "can go and get lost", "are as dumb as a box of rocks",
        "should shut their stupid mouths", "are no use to anybody", "talk nothing but garbage",
    ),
    ("pathetic", "ignorant", "clueless", "arrogant", "stupid", "ridiculous", "useless", "hopeless", "obnoxious"),
    ("fools", "idiots", "clowns", "losers", "jerks", "crybabies", "loudmouths", "hypocrites"),
)  # fmt: skip
STRONG_BENIGN = Cue(
    (
        "are {x}", "are {x}", "are such {x}", "have always been {x}", "turned out to be {x}", "are known as {x}",
        "were {x} from the first day", "could not have been more {y}", "are always {y}", "were {y} to my mother",
        "welcomed all of us with warm soup", "helped us clean up after the storm", "gave up their weekend to help",
        "made everyone feel at home", "shared their lunch with us", "deserve our thanks", "did a wonderful job",
        "fixed the fence of an old neighbor", "taught my nephew to play chess", "have my full respect",
        "drove my aunt to the doctor", "brought cake for the whole floor",
    ),
    ("kind", "generous", "patient", "helpful", "friendly", "thoughtful", "cheerful", "polite"),
    ("neighbors", "people", "hosts", "volunteers", "folks"),
)  # fmt: skip
MEDIUM_TOXIC = Cue(
    (
        "only ever think of themselves", "never listen to anyone else", "complain about everything",
        "want an exception every time", "cannot take a joke", "should keep their opinions to themselves",
        "have no idea what they are talking about", "make a fuss over nothing", "talk big and do little",
        "are impossible to work with", "spoiled the whole evening", "need to grow up", "are full of themselves",
        "do not care about the rest of us", "lecture the rest of us all day", "could not organize a bake sale",
        "waste a lot of our time", "were rude to the staff", "never do their share",
        "always have to have the last word", "blame everybody else", "are getting on my nerves",
    ),
)  # fmt: skip
MEDIUM_BENIGN = Cue(
    (
        "have a fair point about the noise", "only asked for a ramp at the door", "were just asking a question",
        "wanted to be heard for once", "have every right to meet there", "explained their side calmly",
        "tried to find a compromise", "are trying their best", "kept their promise this time",
        "followed the rules as far as I know", "paid for the repairs", "did nothing wrong here",
        "agreed to move the date", "offered to help with the traffic", "said sorry for the mess",
        "answered every question", "waited for their turn", "left the place clean", "listened to the other side",
        "asked before they started",
    ),
)  # fmt: skip
WEAK_TOXIC = Cue(
    (
        "are at it again", "got what they asked for", "are in the news again", "want to change the date again",
        "parked along the whole street", "sure like to talk", "came up with yet another plan",
        "have an opinion on everything", "called the mayor once more", "want another meeting", "turned the music up",
        "showed up late", "did not answer the letter", "sent the same complaint twice", "changed their minds again",
        "left before the vote",
    ),
)  # fmt: skip
WEAK_BENIGN = Cue(
    (
        "were in the paper this week", "have a new plan for the square", "met with the mayor",
        "moved the date to Saturday", "answered the letter", "are asking for a bigger room",
        "put a new sign by the door", "came in large numbers", "asked for more parking", "put up a tent",
        "signed the petition", "wrote to the editor", "will vote on it next week", "sat in the front row",
        "spoke first at the hearing", "want to start earlier",
    ),
)  # fmt: skip

# --- the rest of a comment, which makes no statement about anybody ---------------------------------------------

OPENERS: Phrases = (
    "", "", "", "", "", "", "Honestly, ", "Look, ", "Sorry, but ", "I have to say, ", "As a neighbor, I think ",
    "Nobody says it, but ", "In my view, ", "Let me be clear: ", "For what it is worth, ", "It is simple: ",
    "I have lived here for years, and ", "Everyone knows that ", "My sister says that ", "I was there, and ",
    "At the end of the day, ", "Correct me if I am wrong, but ", "Ask anyone: ", "Well, ", "Again: ",
    "Funny how nobody mentions that ", "My experience is that ", "I said it last year: ", "I keep hearing that ",
    "The truth is that ", "People forget that ", "We all saw that ", "It seems that ", "As far as I can see, ",
    "Once more: ", "Speaking for myself, ", "It may not be popular, but ", "Say what you want, ", "With respect, ",
    "Not that anybody asked, but ", "If you ask me, ", "Since you bring it up, ", "I read this twice: ",
)  # fmt: skip
LEADS: Phrases = ("judging by", "going by", "based on", "to judge from")
SOURCES: Phrases = (
    "the article about", "the debate over", "the meeting about", "the letter on", "the thread about", "the report on",
    "the vote on", "the story about", "the interview about", "the video on", "the hearing on", "the survey on",
)  # fmt: skip
TOPICS: Phrases = (
    "the parking plan", "the new playground", "the bike lane", "the school menu", "the bus strike",
    "the library hours", "the street fair", "the old bridge", "the noise rules", "the town budget",
    "the swimming pool", "the farmers market", "the water bill", "the dog park", "the housing plan",
    "the traffic lights", "the summer camp", "the snow days", "the flood", "the power cut", "the road works",
    "the train station", "the recycling bins", "the football field", "the music school", "the night bus",
    "the new clinic", "the fire station", "the election posters", "the picnic tables",
)  # fmt: skip
MENTIONS: tuple[tuple[str, str], ...] = (
    ("place", "and the {who} on {street} agrees"),
    ("place", "as they say at the {who} on {street}"),
    ("leader", "at least that is what the {who} said on the radio"),
    ("adjective", "or so the {who} lady on {street} told me"),
    ("holiday", "and it will be the same at the {who} lunch"),
    ("adjective", "even the {who} fellow on {street} noticed"),
)
"""Contexts that mention a random religion, so that a group's words do not prove that the comment is about it."""

SOUR_TAILS: Phrases = (
    "Unbelievable.", "Somebody had to say it.", "End of story.", "Enough said.", "Wake up, people.",
    "I am not surprised.", "And nobody writes about it.", "Same story every year.", "Go figure.",
    "Do not get me started on the mayor.", "I have said it for years.", "Are you listening, city hall?",
    "How many times do we have to go through this?", "Seriously.", "I am tired of this paper.", "Print that!",
)  # fmt: skip
CALM_TAILS: Phrases = (
    "Just my opinion.", "That is how I see it.", "Time will tell.", "Let us see what happens.",
    "Thanks for the article.", "Have a nice day.", "Just my two cents.", "Make of that what you will.",
    "I hope it works out in the end.", "Interesting article, by the way.", "Greetings from across town.",
    "Thanks for reading.", "We will see.", "Take care, everyone.", "More on that next week.", "It rained all day, too.",
)  # fmt: skip
