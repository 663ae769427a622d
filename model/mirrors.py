"""Mirrors: local copies of a site's repositories, for machines without the internet."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from model.component import regular_expression
from model.reading import Model, Repository, TreePath

PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]+$")]
"""Debian Policy 5.6.1."""


class Edit(Model):
    """The small visible change that `make change` commits."""

    file: TreePath
    find: Annotated[str, AfterValidator(regular_expression)]
    """The text to replace: a regular expression that matches once, before and after the change."""
    write: str
    """The replacement; `{number}` counts the branch's commits."""
    shows: str
    """The text that a page shows afterwards; `{number}` as above."""


class Mirror(Model):
    """A repository made from a Debian package or from a folder of the site."""

    repository: Repository
    branch: str
    package: PackageName | None = None
    """The Debian package that holds the sources."""
    folder: TreePath | None = None
    """The folder of the package that is the repository's tree."""
    needs: tuple[PackageName, ...] = ()
    """Packages to which the package's symbolic links point."""
    drop: tuple[TreePath, ...] = ()
    """Paths that Debian added to the tree."""
    tagged: bool = False
    """Whether the package's upstream version becomes a tag."""
    files: TreePath | None = None
    """The folder of the site that is the repository's tree."""
    change: Edit | None = None

    @model_validator(mode="after")
    def one_of_package_and_files(self) -> Self:
        if (self.package is None) == (self.files is None):
            raise ValueError("give exactly one of 'package' and 'files'")
        if (self.package is None) != (self.folder is None):
            raise ValueError("'package' and 'folder' go together")
        if self.files and (self.needs or self.drop or self.tagged):
            raise ValueError("'needs', 'drop' and 'tagged' go with 'package'")
        return self


class Mirrors(Model):
    """`mirrors.toml` of a site."""

    author: Annotated[str, StringConstraints(pattern=r"^[^<>\n]+ <[^<>\n]+>$")]
    """Who wrote the commits; fixed, like their dates, so that their ids are reproducible."""
    date: datetime
    """The date of commits made from files; a package's commit has the date of its newest file."""
    debian: str | None = None
    """The codename of the Debian release that has the packages; that of this machine if absent."""
    mirrors: Annotated[tuple[Mirror, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def dates_and_repositories_are_unambiguous(self) -> Self:
        if self.date.tzinfo is None:
            raise ValueError("'date' needs a time zone, such as 2014-10-08T00:00:00Z")
        repositories = [mirror.repository for mirror in self.mirrors]
        duplicates = sorted({name for name in repositories if repositories.count(name) > 1})
        if duplicates:
            raise ValueError(f"mirrored twice: {', '.join(duplicates)}")
        return self
