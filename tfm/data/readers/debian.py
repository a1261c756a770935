"""Files of Debian packages, by debian:NAME/PATH, such as data sets."""

import pathlib

from tfm import errors
from tfm import files

PREFIX = "debian:"


def located(spec: str) -> tuple[pathlib.Path, str]:
    """The folder that a package is unpacked in, and the path of a file in there.

    It is / where the package is installed, else its own folder in the user's cache
    ($XDG_CACHE_HOME/tfm/debian/NAME).

    Args:
      spec: debian:NAME/PATH.

    Raises:
      UserError: it is not written so, or the file is in neither place.
    """
    name, _, inside = spec.removeprefix(PREFIX).partition("/")
    if not name or not inside:
        raise errors.UserError(
            f"A file of a Debian package is named debian:NAME/PATH. Got {spec}."
        )
    cached = files.cache() / "debian" / name
    for folder in (pathlib.Path("/"), cached):
        if (folder / inside).exists():
            return folder, inside
    raise errors.UserError(
        f"{spec} is in the Debian package {name}, which is not installed: apt-get "
        f"install {name}, or as any user: apt-get download {name} && dpkg-deb -x "
        f"{name}_*.deb {cached}"
    )
