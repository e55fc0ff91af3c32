"""Contracts' pages: one of each in French and English, at stable addresses.

Here: writing them. Not here: what they say (`contract_view`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.document import document_of
from contracts.layout import Home
from contracts.model import Contract
from contracts.verdict import Verdict
from contracts.verdicts import write_atomically
from portal.contract_view import compose_contract
from portal.index_view import name_actor
from portal.language import CODES, speak
from portal.pages import lay_out
from portal.report_view import in_language

if TYPE_CHECKING:
    from contracts.pool import Pool


def write_contract_pages(pool: Pool, verdicts: Sequence[Verdict], home: Home) -> list[Path]:
    """Write `<feed>/contract.{fr,en}.html` for every contract of a pool; return the French pages.

    Same contracts and verdicts, same bytes.
    """
    written = []
    for contract in pool.contracts:
        mine = [v for v in verdicts if v.arrival.feed == contract.id]
        names = {code: name_actor(pool, contract.contributor, speak(code)) for code in CODES}
        titles = {code: in_language(pool.title, speak(code), pool.id) for code in CODES}
        written.append(write_contract_page(contract, home, names=names, pool=titles, verdicts=mine))
    return written


def write_contract_page(
    contract: Contract,
    home: Home,
    *,
    names: dict[str, str] | None = None,
    pool: dict[str, str] | None = None,
    verdicts: Sequence[Verdict] = (),
) -> Path:
    """Write one contract's page in both languages; return the French one.

    Args:
        contract: read from a file.
        home: pages go to `home.pages/<feed>/`.
        names: the contributor's name by language; its id where none is known.
        pool: the pool's title by language; None outside a pool, and then nothing links to its pages.
        verdicts: the feed's, for the versions known.
    """
    document = document_of(contract)
    for code in CODES:
        view = compose_contract(
            contract,
            document,
            speak(code),
            contributor=(names or {}).get(code, contract.contributor),
            verdicts=verdicts,
        )
        page = lay_out("contract.html.j2", code, c=view, pool=(pool or {}).get(code, ""))
        write_atomically(home.pages / contract.id / f"contract.{code}.html", page)
    return home.pages / contract.id / f"contract.{CODES[0]}.html"
