"""By which names files are taken for pictures, and which are passed over."""

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")


def is_picture(name: str) -> bool:
    """Whether a file is a picture by its name."""
    return name.lower().endswith(PICTURE_ENDINGS)  # a PurePosixPath for each of 200,000 names takes five times as long


def is_hidden(name: str) -> bool:
    """Whether a path has a part that programs hide: ".DS_Store", "__MACOSX/._1.jpg"."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
