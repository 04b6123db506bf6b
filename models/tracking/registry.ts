import { isEtiquetteError } from '../../errors.ts';
import type { Mlflow } from './client.ts';

/** By this tag a model version is found again: one bundle is one version. */
const BUNDLE_TAG = 'etiquette.bundle';

export type Alias = 'champion' | 'challenger';

export interface NewVersion {
  readonly bundle: string;
  /** Where its files are: in the artifacts of the run that made it, else only in the bundle store. */
  readonly source: string;
  readonly run: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

/** The registered model whose versions are the bundles. */
export interface Registry {
  /** Finds a bundle's version by its tag, or makes it. */
  ensureVersion(version: NewVersion): Promise<string>;
  find(bundle: string): Promise<string | null>;
  setAlias(alias: Alias, version: string): Promise<void>;
  /** Takes the alias away when it is this version's. */
  dropAlias(alias: Alias, version: string): Promise<void>;
}

export function createRegistry(mlflow: Mlflow, name: string): Registry {
  const known = new Map<string, string>();

  async function find(bundle: string): Promise<string | null> {
    const here = known.get(bundle);
    if (here !== undefined) return here;
    for (let token = ''; ; ) {
      const page = await mlflow.read<{
        model_versions?: { version: string | number; tags?: { key: string; value: string }[] }[];
        next_page_token?: string;
      }>('model-versions/search', {
        filter: `name = '${name}'`,
        max_results: '1000',
        ...(token === '' ? {} : { page_token: token }),
      });
      for (const { version, tags = [] } of page.model_versions ?? []) {
        const tag = tags.find(({ key }) => key === BUNDLE_TAG);
        if (tag) known.set(tag.value, `${version}`);
      }
      if (!page.next_page_token) return known.get(bundle) ?? null;
      token = page.next_page_token;
    }
  }

  async function holderOf(alias: Alias): Promise<string | null> {
    try {
      const { model_version } = await mlflow.read<{ model_version: { version: string | number } }>(
        'registered-models/alias',
        { name, alias },
      );
      return `${model_version.version}`;
    } catch (error) {
      if (isEtiquetteError(error) && error.code === 'MLFLOW_NOT_FOUND') return null;
      throw error;
    }
  }

  async function ensureModel(): Promise<void> {
    try {
      await mlflow.change('POST', 'registered-models/create', { name }, { idempotent: false });
    } catch (error) {
      if (!isEtiquetteError(error) || error.details.code !== 'RESOURCE_ALREADY_EXISTS') throw error;
    }
  }

  return {
    find,
    async ensureVersion({ bundle, source, run, tags }) {
      const there = await find(bundle);
      if (there !== null) return there;
      await ensureModel();
      const body = {
        ...{ name, source, description: `Bundle ${bundle}` },
        ...(run === null ? {} : { run_id: run }),
        tags: Object.entries({ ...tags, [BUNDLE_TAG]: bundle }).map(([key, value]) => ({ key, value })),
      };
      const { model_version } = await mlflow.change<{ model_version: { version: string | number } }>(
        'POST',
        'model-versions/create',
        body,
        { idempotent: false },
      );
      known.set(bundle, `${model_version.version}`);
      return `${model_version.version}`;
    },
    async setAlias(alias, version) {
      if ((await holderOf(alias)) === version) return;
      await mlflow.change('POST', 'registered-models/alias', { name, alias, version });
    },
    async dropAlias(alias, version) {
      if ((await holderOf(alias)) !== version) return;
      await mlflow.change('DELETE', 'registered-models/alias', { name, alias });
    },
  };
}
