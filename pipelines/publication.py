"""Assets of what leaves the pool: a dataset each, the catalogue, and the pages people read.

Here: keys and what is recorded. Not here: the gate on publication itself (`publishing/`), which
checks verdicts, terms and disclosure and refuses by raising.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from contracts.pool import Pool
from pipelines import steps
from pipelines.column_schema import published_schema
from pipelines.feeds import delivery_key
from pipelines.page_addresses import index_url
from pipelines.resources import EngineResource
from pipelines.warehouse_assets import owners_of, possible_models, source_keys
from publishing.dataset import Dataset, load_datasets
from publishing.errors import PublicationError
from warehouse.model_files import Model

CATALOGUE = dg.AssetKey(["published", "catalogue"])
PAGES = dg.AssetKey(["portal", "pages"])
DISCLOSURE = "disclosure_control"


def publication_assets(pool: Pool) -> list[dg.AssetsDefinition]:
    """Return the assets of the pages, and of datasets and catalogue if the pool publishes any."""
    datasets = load_datasets(pool.path)
    return [_published(pool, datasets), _pages(pool, [CATALOGUE])] if datasets else [_pages(pool, [])]


def dataset_key(dataset: Dataset) -> dg.AssetKey:
    """Return the key of a published dataset."""
    return dg.AssetKey(["published", dataset.id])


def _published(pool: Pool, datasets: Sequence[Dataset]) -> dg.AssetsDefinition:
    models = possible_models(pool)
    specs = [_dataset_spec(pool, dataset, models) for dataset in datasets]
    catalogue = dg.AssetSpec(
        CATALOGUE,
        deps=[dataset_key(dataset) for dataset in datasets],
        group_name="published",
        kinds={"dcat", "json"},
        owners=owners_of(pool),
        description="DCAT-AP 3 catalogue, Data Package and manifest of the current version.",
    )
    check = dg.AssetCheckSpec(
        DISCLOSURE,
        asset=CATALOGUE,
        description="Terms, thresholds and hashes hold for every staged file; else nothing is published.",
    )

    @dg.multi_asset(name="publication", specs=[*specs, catalogue], check_specs=[check])
    def publish(engine: EngineResource) -> Iterator[Any]:
        engine.get().progress("published datasets: terms, disclosure, files, catalogue")
        try:
            publication = steps.publish(engine.get())
        except PublicationError as error:
            yield dg.AssetCheckResult(
                passed=False, check_name=DISCLOSURE, asset_key=CATALOGUE, metadata=_refusal(error)
            )
            raise dg.Failure(description=str(error), allow_retries=False) from error
        declared = {dataset.id: dataset for dataset in datasets}
        for published in publication.datasets:
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(["published", published.id]),
                metadata={
                    "dagster/row_count": published.rows,
                    "bytes": published.bytes,
                    "withheld": published.withheld,
                    "dagster/column_schema": published_schema(
                        declared[published.id], types_of(publication.path, published.files)
                    ),
                },
            )
        yield dg.MaterializeResult(
            asset_key=CATALOGUE,
            metadata={"version": publication.version, "changed": publication.changed},
            check_results=[dg.AssetCheckResult(passed=True, check_name=DISCLOSURE, asset_key=CATALOGUE)],
        )

    return publish


def types_of(folder: Path, files: Sequence[str]) -> dict[str, str]:
    """Return the columns and Arrow types of the Parquet file among a dataset's files."""
    from pyarrow import parquet

    [path] = [folder / name for name in files if name.endswith(".parquet")]
    return {field.name: str(field.type) for field in parquet.read_schema(path)}


def _refusal(error: PublicationError) -> dict[str, str]:
    return {"dataset": error.dataset, "rule": error.rule, "problem": error.problem}


def _dataset_spec(pool: Pool, dataset: Dataset, models: Sequence[Model]) -> dg.AssetSpec:
    return dg.AssetSpec(
        dataset_key(dataset),
        deps=source_keys(pool, models, dataset.tables),
        group_name="published",
        kinds={"parquet"},
        description=dataset.description["en"],
        owners=owners_of(pool),
        metadata={"title": dataset.title["en"]},
    )


def _pages(pool: Pool, published: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=PAGES,
        deps=[*(delivery_key(contract) for contract in pool.contracts), *published],
        group_name="published",
        kinds={"html"},
        owners=owners_of(pool),
        description="The pool's index in French and English: contributors, feeds, days and their verdicts.",
    )
    def pages(engine: EngineResource) -> dg.MaterializeResult[None]:
        engine.get().progress("pages")
        steps.show(engine.get())
        return dg.MaterializeResult(
            metadata={"index": dg.MetadataValue.url(index_url(engine.get().settings))}
        )

    return pages
