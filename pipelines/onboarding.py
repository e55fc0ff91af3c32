"""A new pool, and a new contributor in it: files a person goes on writing.

Here: laying the files, and taking them back where the result would not load. Not here: the contract
itself (`drafting`), or anything that runs.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import ContractError
from contracts.located import LocatedMap, iterate_maps, place_of, read_located
from contracts.parse import read_contract_file
from contracts.pool import POOL_FILE, load_pool
from contracts.write import write_contract, write_scalar

_CONTRIBUTOR = re.compile(r"(property: contributor, value: )([^},\s]+)")


class OnboardingError(Exception):
    """What was asked can't be done, in words for whoever asked."""


@dataclass(frozen=True)
class NewPool:
    """What a pool must say from its first day."""

    id: str
    title_fr: str
    title_en: str
    timezone: str
    email: str
    country: str | None = None


def init_pool(folder: Path, pool: NewPool) -> tuple[Path, ...]:
    """Write an empty pool; return its files. Raises OnboardingError if there is a pool already.

    It passes lint once it has a contributor: a pool without contracts is none.
    """
    if (folder / POOL_FILE).exists():
        raise OnboardingError(f"there is a pool already in {folder}")
    tree: dict[str, Any] = {
        "id": pool.id,
        "title": {"fr": pool.title_fr, "en": pool.title_en},
        "territory": {"name": {"fr": pool.title_fr, "en": pool.title_en}},
        "timezone": pool.timezone,
        "zoneScales": ["territory", "h3_7", "h3_8"],
        "publisher": f"pool-{pool.id}",
        "actors": [
            {
                "id": f"pool-{pool.id}",
                "name": pool.title_en,
                "roles": ["trusted-third-party", "publisher"],
                "email": pool.email,
            }
        ],
    }
    if pool.country:
        tree["territory"]["country"] = pool.country
    catalogue = {
        "base_url": f"https://{pool.id}.example/published/current/",
        "title": {"fr": f"Catalogue : {pool.title_fr}", "en": f"Catalogue: {pool.title_en}"},
        "description": {
            "fr": "Données telles que les contributeurs les laissent sortir.",
            "en": "Data as far as their contributors let them leave.",
        },
    }
    files = {
        POOL_FILE: write_contract(
            tree, {("zoneScales",): "scales that indicators are computed at"}, head=_POOL_HEAD
        ),
        "datasets/_catalogue.yaml": write_contract(
            catalogue, {("base_url",): "where published/current/ will be served; it never changes"}
        ),
        "NOTICE.md": _NOTICE,
        "contracts/README.md": _CONTRACTS,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tuple(folder / name for name in files)


def add_contributor(
    pool: Path, contributor: str, draft: Path, *, name: str | None = None, email: str | None = None
) -> tuple[Path, ...]:
    """Add an actor and its first contract to a pool; return the files written.

    A contributor the pool knows gets one more contract. Raises OnboardingError, or ContractError with
    file and line where the pool would not load with it; the pool is then as it was.
    """
    tree = read_contract_file(draft)
    target = pool / "contracts" / f"{tree['id']}.yaml"
    if target.exists():
        raise OnboardingError(f"the feed `{tree['id']}` has a contract already: {target}")
    text = _signed(draft.read_text(encoding="utf-8"), tree, contributor)
    file = pool / POOL_FILE
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    actors = _with_actor(before, read_located(file), contributor, name, email or _email_in(tree))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        file.write_text(actors, encoding="utf-8")
        load_pool(pool)
    except ContractError:
        target.unlink(missing_ok=True)
        file.write_text(before, encoding="utf-8")
        raise
    return tuple(dict.fromkeys((target, *((file,) if actors != before else ()))))


def _signed(text: str, tree: LocatedMap, contributor: str) -> str:
    """Put the contributor's name into a draft, whatever it said before; remarks stay."""
    custom = {
        item.get("property"): item.get("value") for _, item in iterate_maps(tree.get("customProperties"))
    }
    written = custom.get("contributor")
    if written == contributor:
        return text
    signed, changed = _CONTRIBUTOR.subn(rf"\g<1>{contributor}", text)
    if changed != 1:
        raise OnboardingError(
            f"the draft names the contributor `{written}`: write "
            f"`- {{property: contributor, value: {contributor}}}` under customProperties"
        )
    return signed


def _with_actor(text: str, tree: LocatedMap, contributor: str, name: str | None, email: str | None) -> str:
    """Append an actor to `pool.yaml`, whose own lines and remarks stay as they are."""
    known = next((a for _, a in iterate_maps(tree.get("actors")) if a.get("id") == contributor), None)
    if known is not None:
        if "contributor" not in (known.get("roles") or ()):
            raise OnboardingError(f"`{contributor}` is in the pool, but not as a contributor: add the role")
        return text
    entry = [
        f"  - id: {write_scalar(contributor)}",
        f"    name: {write_scalar(name or contributor.capitalize())}",
    ]
    entry.append("    roles: [contributor]")
    if email:
        entry.append(f"    email: {write_scalar(email)}")
    lines = text.splitlines()
    after = _end_of(tree, "actors", len(lines))
    while after > 0 and (not lines[after - 1].strip() or lines[after - 1].startswith("#")):
        after -= 1
    if not lines[after - 1].startswith(" "):
        raise OnboardingError(f"the actors of {POOL_FILE} stand in brackets: write them one a line")
    return "\n".join([*lines[:after], *entry, *lines[after:]]) + "\n"


def _end_of(tree: LocatedMap, key: str, last: int) -> int:
    """Number of lines up to the end of a key's block."""
    own = place_of(tree, (key,))
    starts = sorted(place.line for place in tree.places.values())
    return next((line - 1 for line in starts if own is not None and line > own.line), last)


def _email_in(tree: LocatedMap) -> str | None:
    with suppress(StopIteration):
        return next(
            str(s["channel"]) for _, s in iterate_maps(tree.get("support")) if "@" in str(s.get("channel"))
        )
    return None


_POOL_HEAD = """A data pool: who contributes, where, and who answers for it. Contracts stand in contracts/,
what is published in datasets/. Add a contributor with `regie contributor add`."""
_NOTICE = """# Notice

Name here every source of this pool with its licence and the mention it asks for.
"""
_CONTRACTS = """One file a feed, `<feed>.yaml`. Draw the first from real files:

    regie contract draft FILE... --like STANDARD --out draft.yaml
    regie contributor add NAME --contract draft.yaml
"""
