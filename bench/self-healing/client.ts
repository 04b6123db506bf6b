import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forEachConcurrently } from '../../data/concurrency.ts';
import { EtiquetteError } from '../../errors.ts';
import type { BenchCatalogue, LabelledRow } from '../catalogue.ts';

export interface Answered {
  readonly row: LabelledRow;
  readonly prediction: string;
  readonly bundle: string;
  readonly code: number;
}

/** Whoever asks for codes, and judges them. */
export interface Client {
  /** What /predict answers to each product, in their order. */
  predict(rows: readonly LabelledRow[]): Promise<Answered[]>;
  /** Sends the true code of each, with the product again. */
  correct(answers: readonly Answered[]): Promise<void>;
}

/** Products under way at once. */
const AT_ONCE = 4;

interface Prediction {
  readonly predictions: readonly { readonly label: string }[];
  readonly prediction_id: string;
  readonly bundle_version: string;
}

export async function createClient(
  url: string,
  user: { readonly username: string; readonly password: string },
  { directory }: Pick<BenchCatalogue, 'directory'>,
): Promise<Client> {
  const { access_token: token } = await post<{ access_token: string }>(`${url}/token`, {
    body: new URLSearchParams({ ...user }),
  });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const send = <Answer>(path: string, body: object) =>
    post<Answer>(`${url}${path}`, { headers, body: JSON.stringify(body) });
  const productOf = async ({ designation, description, picture }: LabelledRow) => ({
    ...{ designation, description },
    image: picture && (await readFile(join(directory, picture.file), 'base64')),
  });

  return {
    async predict(rows) {
      const answers: Answered[] = [];
      await forEachConcurrently(rows.entries(), AT_ONCE, async ([at, row]) => {
        const found = await send<Prediction>('/predict', await productOf(row));
        const code = Number(found.predictions[0]?.label);
        answers[at] = { row, prediction: found.prediction_id, bundle: found.bundle_version, code };
      });
      return answers;
    },
    async correct(answers) {
      await forEachConcurrently(answers, AT_ONCE, async ({ row, prediction }) => {
        await send(`/predictions/${prediction}/correction`, { ...(await productOf(row)), code: row.code });
      });
    },
  };
}

async function post<Answer>(url: string, request: RequestInit): Promise<Answer> {
  const response = await fetch(url, { ...request, method: 'POST' });
  if (!response.ok) {
    const message = `${url} answered ${response.status}: ${(await response.text()).slice(0, 300)}`;
    throw new EtiquetteError('BENCHMARK_RUN_FAILED', message);
  }
  return (await response.json()) as Answer;
}
