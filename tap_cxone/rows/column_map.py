"""Map from the titles of a stream's files to its columns; a title keeps its column."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct, field, structs

from tap_cxone.rows.columns import Column, learned_column
from tap_cxone.rows.title_digests import TitleDigests
from tap_cxone.rows.titles import (
    Title,
    default_name,
    fold,
    number_titles,
    signs,
    spelling,
    unique_name,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


class ColumnMap(Struct, frozen=True):
    """The columns of the titles that earlier files had.

    Attributes:
        names: Name of the column of each title, in order of first occurrence.
        retired: Names of former columns, which no title receives again.
        digests: Digests of further titles, whose columns have their default names.
    """

    names: Mapping[Title, str] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    digests: TitleDigests = TitleDigests()

    @property
    def used_names(self) -> set[str]:
        """Return the names that no other title may receive."""
        return {*self.names.values(), *self.retired}

    def with_titles(self, names: Mapping[Title, str]) -> ColumnMap:
        """Return the map with further titles, or with other columns of known titles."""
        return structs.replace(self, names={**self.names, **names})

    def without_further_digests(self) -> ColumnMap:
        """Return the map in which no further digest is stored."""
        return structs.replace(self, digests=structs.replace(self.digests, complete=False))

    def move(self, column: Column, new_name: str) -> ColumnMap:
        """Return the map in which another column has the titles of a column, which is retired."""
        titles = [Title(column.exact_title), *self.titles_by_name().get(column.name, ())]
        moved = self.with_titles(dict.fromkeys(titles, new_name))
        return structs.replace(moved, retired=self.retired | {column.name})

    def titles_by_name(self) -> dict[str, list[Title]]:
        """Return the titles of each column, in order of first occurrence."""
        titles: dict[str, list[Title]] = {}
        for title, name in self.names.items():
            titles.setdefault(name, []).append(title)
        return titles

    def name_columns(self, declared: Iterable[Column]) -> list[Column]:
        """Return the declared columns with unique names.

        A column has the name that its exact title has in the map. Of the others, a column whose
        name equals its title is first, then those whose title has no signs.
        """
        columns = list(declared)
        if not self.used_names and len({column.name for column in columns}) == len(columns):
            return columns  # as most declarations are: each name is free
        indexes: dict[str, int] = {}
        for known_name_of in (self._name_of_exact_title, self._name_after_move):
            for index, column in enumerate(columns):
                if (known_name := known_name_of(column)) is not None:
                    indexes.setdefault(known_name, index)
        names = {index: name for name, index in indexes.items()}
        used_names, used_by_exact = {*indexes, *self.retired}, {*indexes, *self.used_names}
        for index in sorted(range(len(columns)), key=lambda index: _name_order(columns[index])):
            column = columns[index]
            if index not in names:
                used = used_by_exact if column.match == "exact" else used_names
                names[index] = unique_name(column.name, used)
                used_names.add(names[index])
                used_by_exact.add(names[index])
        return [structs.replace(column, name=names[index]) for index, column in enumerate(columns)]

    def _name_of_exact_title(self, column: Column) -> str | None:
        return self.names.get(Title(column.exact_title))

    def _name_after_move(self, column: Column) -> str | None:
        """Return the present column of the titles that had the retired name of a column."""
        is_known = Title(column.exact_title) in self.names
        if is_known or column.name not in self.retired or column.match == "exact":
            return None
        names = (n for title, n in self.names.items() if default_name(title.text) == column.name)
        return next(names, None)

    def learned_columns(self, declared: Iterable[Column]) -> list[Column]:
        """Return the columns of the map that are not declared, as nullable strings."""
        declared_names = {column.name for column in declared}
        return [
            learned_column(name, titles[0].text)
            for name, titles in self.titles_by_name().items()
            if name not in declared_names
        ]

    def assign(
        self, header: Sequence[str], columns: Iterable[Column], key_columns: Collection[str] = ()
    ) -> list[Column]:
        """Return the column of each title of a header, in order; no two titles share one.

        A title of the vendor has its built-in column, and a title of the map its column there. A
        declared column claims one of the other titles: its exact title, else one that resembles
        it. The remaining titles are named; a declared column may have that name.

        Args:
            header: The titles of a file.
            columns: The columns that are known, with unique names.
            key_columns: Names of the columns that every file must have.
        """
        titles = number_titles(header)
        columns_by_name = {column.name: column for column in columns}
        matches = _vendor_titles(titles, columns_by_name.values())
        matches |= self._remembered(titles, columns_by_name, matches)
        matches |= _Claims(self, titles, matches, key_columns).by_columns(columns_by_name.values())
        matches |= self._by_new_names(titles, columns_by_name, matches)
        return [matches[index] for index in range(len(titles))]

    def _remembered(
        self,
        titles: Sequence[Title],
        columns_by_name: Mapping[str, Column],
        matches: Mapping[int, Column],
    ) -> dict[int, Column]:
        """Return the columns of the other titles in the map.

        The first of two titles keeps a column, unless that is matched.
        """
        indexes = {title: index for index, title in enumerate(titles) if index not in matches}
        matched_names = {column.name for column in matches.values()}
        present = {
            title: name
            for title, name in {**self._digested(indexes), **self.names}.items()
            if title in indexes and name not in matched_names
        }
        first_titles = {name: title for title, name in reversed(present.items())}
        return {
            indexes[title]: columns_by_name.get(name) or learned_column(name, title.text)
            for name, title in first_titles.items()
        }

    def _digested(self, titles: Iterable[Title]) -> dict[Title, str]:
        """Return the columns of the titles that only the digests have."""
        is_known, used_names = self.digests.type_of, self.used_names
        known = (t.text for t in titles if t.ordinal == 1 and is_known(t.text) is not None)
        names = {Title(text): default_name(text) for text in known}
        return {title: name for title, name in names.items() if name not in used_names}

    def _by_new_names(
        self,
        titles: Sequence[Title],
        columns_by_name: Mapping[str, Column],
        matches: Mapping[int, Column],
    ) -> dict[int, Column]:
        """Return a column for each other title; titles without signs are named first.

        A column may be declared by the name that a title receives here, such as `skill_2`. An
        exact title of a declared column has the type of that column, although another title has
        its name.
        """
        held_names = {column.name for column in matches.values()} | self.used_names
        awaited = {
            name: column
            for name, column in columns_by_name.items()
            if _may_be_declared_name(column) and name not in held_names
        }
        used_names = {*columns_by_name, *self.used_names} - awaited.keys()
        declared = {c.exact_title: c for c in columns_by_name.values() if c.source_title}
        new_columns = {}
        unmatched = [index for index in range(len(titles)) if index not in matches]
        for index in sorted(unmatched, key=lambda index: _drops_signs(titles[index].text)):
            text = titles[index].text
            name = unique_name(self.digests.new_name(text), used_names)
            used_names.add(name)
            column = declared.get(text) if titles[index].ordinal == 1 else None
            new_columns[index] = awaited.get(name) or (
                structs.replace(column, name=name) if column else learned_column(name, text)
            )
        return new_columns


def _vendor_titles(titles: Sequence[Title], columns: Iterable[Column]) -> dict[int, Column]:
    """Return the built-in columns whose exact titles are in a header."""
    indexes = {title: index for index, title in enumerate(titles)}
    built_in = {Title(column.exact_title): column for column in columns if column.built_in}
    return {indexes[title]: column for title, column in built_in.items() if title in indexes}


def _may_be_declared_name(column: Column) -> bool:
    """Return True if a user may have declared a column by its name, without its title."""
    is_name = column.name == column.exact_title
    return is_name and column.match == "same" and not column.built_in


def _name_order(column: Column) -> tuple[bool, bool]:
    return column.name != column.exact_title, _drops_signs(column.exact_title)


def _drops_signs(text: str) -> bool:
    """Return True if the column name of a title lacks some of its signs."""
    return spelling(text) != spelling(default_name(text))


class _Claims:
    """The titles of one header that declared columns may claim."""

    def __init__(
        self,
        column_map: ColumnMap,
        titles: Sequence[Title],
        matches: Mapping[int, Column],
        key_columns: Collection[str],
    ) -> None:
        """Index the titles that are neither matched nor in the map."""
        self._held_titles = column_map.titles_by_name()
        self._matched_names = {column.name for column in matches.values()}
        self._key_columns = key_columns
        self._titles = {
            index: title.text
            for index, title in enumerate(titles)
            if index not in matches and title not in column_map.names
        }
        self._by_text: dict[str, list[int]] = defaultdict(list)
        self._by_spelling: dict[str, list[int]] = defaultdict(list)
        self._by_fold: dict[str, list[int]] = defaultdict(list)
        for index, text in self._titles.items():
            self._by_text[text].append(index)
            self._by_spelling[spelling(text)].append(index)
            self._by_fold[fold(text)].append(index)

    def by_columns(self, columns: Collection[Column]) -> dict[int, Column]:
        """Return the column of each claimed title; the closest titles are claimed first."""
        claims: dict[int, Column] = {}
        for find in (self._exact, self._named, self._spelled, self._folded, self._extended):
            for column in columns if self._titles else ():
                if column.name in self._matched_names:
                    continue
                free = (index for index in find(column) if index not in claims)
                if (index := next(free, None)) is not None:
                    claims[index] = column
                    self._matched_names.add(column.name)
        return claims

    def _exact(self, column: Column) -> Iterable[int]:
        """Yield titles that equal the exact title; a key takes over such a title at any time."""
        held = column.name in self._held_titles and column.name not in self._key_columns
        return () if held else self._by_text.get(column.exact_title, ())

    def _named(self, column: Column) -> Iterable[int]:
        if column.match == "exact" or column.name in self._held_titles:
            return ()
        return self._by_text.get(column.name, ())

    def _spelled(self, column: Column) -> Iterator[int]:
        """Yield titles that differ only in case and spacing from those of the column.

        A title of an earlier file has its column alone, unless every file must have that column.
        """
        held = [title.text for title in self._held_titles.get(column.name, ())]
        is_shared = column.built_in or column.name in self._key_columns
        if column.match == "exact" or (held and not is_shared):
            return
        for text in held or (column.exact_title, column.name):
            yield from self._by_spelling.get(spelling(text), ())

    def _folded(self, column: Column) -> Iterator[int]:
        if column.match == "exact" or column.name in self._held_titles:
            return
        for text in filter(None, map(fold, (column.exact_title, column.name))):
            for index in self._by_fold.get(text, ()):
                # `Score (%)` is another figure than the vendor's `Score`.
                if not column.built_in or signs(self._titles[index]) == signs(column.exact_title):
                    yield index

    def _extended(self, column: Column) -> Iterator[int]:
        """Yield titles that extend the name, in files of any version."""
        if column.match not in {"beginning", "inside"}:
            return
        name = fold(column.name)
        for index, text in self._titles.items():
            folded = fold(text)
            if folded.startswith(name) or (column.match == "inside" and name in folded):
                yield index
