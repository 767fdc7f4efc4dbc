"""What the file names of UTKFace say: ``age_gender_race_date.jpg``, e.g. ``25_1_2_20170116174525125.jpg.chip.jpg``."""

import re

COLUMNS = ("age", "age_range", "gender", "race")
_NAME = re.compile(r"(\d{1,3})_([01])_([0-4])_(\d{8,20})(?:\.jpe?g|\.png|\.chip)*", re.IGNORECASE)
GENDERS = ("male", "female")
RACES = ("White", "Black", "Asian", "Indian", "Others")
_OLDEST = 70  # begins the last range


def are_utkface(names: list[str]) -> bool:
    """Whether nearly all of the file names are UTKFace's."""
    known = sum(_NAME.fullmatch(name) is not None for name in names)
    return bool(names) and known >= 0.9 * len(names)


def values(name: str) -> tuple[str, ...]:
    """Age, range of ages, gender and race by a file's name; empty where the name lacks one of them."""
    found = _NAME.fullmatch(name)
    if found is None:
        return ("",) * len(COLUMNS)
    age = int(found[1])
    low = age // 10 * 10
    years = f"{_OLDEST}+" if age >= _OLDEST else f"{low}-{low + 9}"
    return str(age), years, GENDERS[int(found[2])], RACES[int(found[3])]
