import { strict as assert } from 'node:assert';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createCorrections, type NewCorrection } from '../../../api/database/corrections.ts';
import type { DatabaseAddress } from '../../../api/database/open.ts';
import { createPredictions } from '../../../api/database/predictions.ts';
import { PROJECT } from '../../../config.ts';
import type { CorrectedProduct } from '../../../data/corrections.ts';
import { eachDatabase } from './each-database.ts';

const AT = (minute: number) => `2026-01-02T03:${String(minute).padStart(2, '0')}:00.000Z`;

function prediction(id: string) {
  return {
    ...{ id, at: AT(0), bundle: 'aaaaaaaaaaaaaaaa', code: 2583, confidence: 0.5 },
    ...{ inputs_hash: `hash of ${id}`, features: null, codes: null, seconds: null },
  };
}

function correction(id: string, more: Partial<NewCorrection> = {}): NewCorrection {
  return {
    ...{ prediction: prediction(id), inputsHash: `hash of ${id}`, by: 'ada', at: AT(1) },
    ...{ designation: 'Piscine «ronde»', description: 'Été\n3 m', code: 1302, note: null },
    picture: Uint8Array.from([0xff, 0xd8, 0, 0x80, 0xfe]),
    ...more,
  };
}

async function all(products: AsyncIterable<CorrectedProduct>): Promise<CorrectedProduct[]> {
  const found = [];
  for await (const product of products) found.push(product);
  return found;
}

eachDatabase('the record of corrections', (tested) => {
  const corrections = () => createCorrections(tested.database);
  const predicted = (...ids: string[]) =>
    createPredictions(tested.database).record(...ids.map((id) => prediction(id)));

  it('gives texts and picture back byte by byte', async () => {
    await predicted('one');
    await corrections().put(correction('one'));
    const [product] = await all(corrections().products());
    assert.equal(product?.designation, 'Piscine «ronde»');
    assert.equal(product.description, 'Été\n3 m');
    assert.deepEqual([...(product.picture ?? [])], [0xff, 0xd8, 0, 0x80, 0xfe]);
    assert.deepEqual([product.code, product.inputsHash, product.at], [1302, 'hash of one', AT(1)]);
  });

  it("tells the codes that count of a bundle's predictions", async () => {
    await predicted('one', 'two', 'three');
    await corrections().put(correction('one'));
    await corrections().put(correction('one', { code: 40, at: AT(2) }));
    await corrections().put(correction('two'));
    await corrections().put(correction('three'));
    await corrections().withdraw('three', 'ada', AT(3));
    const { bundle } = prediction('one');
    assert.deepEqual(
      await corrections().codesOf(bundle),
      new Map([
        ['one', 40],
        ['two', 1302],
      ]),
    );
    assert.equal((await corrections().codesOf('bbbbbbbbbbbbbbbb')).size, 0);
  });

  it('keeps a product without a picture, and a NUL as what it looks like', async () => {
    await predicted('one');
    await corrections().put(correction('one', { picture: null, designation: 'a\0b', note: 'c\0d' }));
    const [product] = await all(corrections().products());
    assert.deepEqual([product?.picture, product?.designation], [null, 'a\ufffdb']);
    const found = await corrections().find('one');
    assert.deepEqual([found?.designation, found?.note, found?.hasPicture], ['a\ufffdb', 'c\ufffdd', false]);
    assert.equal((await corrections().put(correction('one', { note: 'c\0d' })))?.isNew, false);
  });

  it('is not made for a prediction that is not on record', async () => {
    assert.equal(await corrections().put(correction('one')), null);
    assert.deepEqual(await corrections().count(), { confirmed: 0, corrected: 0 });
  });

  it('stays as it is when the same is said again, whoever says it', async () => {
    await predicted('one');
    const first = await corrections().put(correction('one'));
    const second = await corrections().put(correction('one', { by: 'grace', at: AT(9) }));
    assert.deepEqual([first?.isNew, second?.isNew], [true, false]);
    assert.deepEqual(second?.correction, first?.correction);
    assert.deepEqual(await corrections().ended('one'), []);
  });

  it('counts with its last answer, and keeps who said what before, without the product', async () => {
    await predicted('one');
    const first = await corrections().put(correction('one'));
    await corrections().put(correction('one', { code: 2583, by: 'grace', at: AT(2) }));
    const found = await corrections().find('one');
    assert.deepEqual([found?.code, found?.by, found?.predicted], [2583, 'grace', 2583]);
    assert.deepEqual(await corrections().ended('one'), [
      {
        ...first?.correction,
        ...{ ended: 'replaced', ended_by: 'grace', ended_at: AT(2), designation: '', hasPicture: false },
      },
    ]);
    assert.equal((await all(corrections().products())).length, 1);
  });

  it('counts no more once it is withdrawn, and another can be made', async () => {
    await predicted('one');
    await corrections().put(correction('one'));
    const withdrawn = await corrections().withdraw('one', 'grace', AT(2));
    assert.deepEqual([withdrawn?.code, withdrawn?.ended, withdrawn?.ended_by], [1302, 'withdrawn', 'grace']);
    assert.equal(await corrections().withdraw('one', 'grace', AT(3)), null);
    assert.equal(await corrections().find('one'), null);
    assert.deepEqual(await all(corrections().products()), []);
    const rows = await tested.database.selectFrom('corrections').selectAll().execute();
    assert.deepEqual(
      rows.map(({ designation, description, picture }) => [designation, description, picture]),
      [['', '', null]],
    );
    assert.equal((await corrections().put(correction('one', { at: AT(4) })))?.isNew, true);
    assert.equal((await corrections().find('one'))?.at, AT(4));
  });

  it('lists those that count, the newest first, page by page', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    await predicted(...ids);
    // Two at the same moment.
    for (const [place, id] of ids.entries()) await corrections().put(correction(id, { at: AT(place >> 1) }));
    await corrections().withdraw('c', 'ada', AT(9));
    const seen: string[] = [];
    let after = null;
    let pages = 0;
    do {
      const page = await corrections().list({ limit: 2, after });
      seen.push(...page.corrections.map((one) => one.prediction));
      after = page.next;
      pages += 1;
    } while (after);
    assert.equal(pages, 2);
    assert.deepEqual([seen[0], seen[1], seen.slice(2).sort()], ['e', 'd', ['a', 'b']]);
  });

  it('shows how a long designation begins', async () => {
    await predicted('one');
    await corrections().put(correction('one', { designation: 'é'.repeat(5000) }));
    assert.equal((await corrections().find('one'))?.designation, 'é'.repeat(200));
  });

  it('tells those that confirm from those that correct', async () => {
    await predicted('one', 'two', 'three');
    await corrections().put(correction('one'));
    await corrections().put(correction('two', { code: 2583 }));
    await corrections().put(correction('three', { code: 2583 }));
    assert.deepEqual(await corrections().count(), { confirmed: 2, corrected: 1 });
  });

  it('gives the right codes of a bundle’s answers, by prediction', async () => {
    const other = { ...prediction('two'), bundle: 'bbbbbbbbbbbbbbbb' };
    await predicted('one', 'three');
    await createPredictions(tested.database).record(other);
    await corrections().put(correction('one'));
    await corrections().put(correction('two', { prediction: other, code: 60 }));
    await corrections().put(correction('three'));
    await corrections().withdraw('three', 'ada', AT(2));
    assert.deepEqual([...(await corrections().codesOf('aaaaaaaaaaaaaaaa'))], [['one', 1302]]);
  });

  it('gives all of many to the export, each once', async () => {
    const ids = Array.from({ length: 21 }, (_, n) => `p${n}`);
    await predicted(...ids);
    for (const id of ids) await corrections().put(correction(id));
    const hashes = (await all(corrections().products())).map(({ inputsHash }) => inputsHash);
    assert.deepEqual(hashes.sort(), ids.map((id) => `hash of ${id}`).sort());
  });

  it('outlasts its prediction, and is forgotten at its own time', async () => {
    await predicted('one', 'two');
    await corrections().put(correction('one'));
    await corrections().put(correction('two', { at: AT(5) }));
    await createPredictions(tested.database).forget(AT(59));
    assert.equal((await corrections().find('one'))?.code, 1302);
    assert.equal(await corrections().forget(AT(5)), 1);
    assert.equal(await corrections().find('one'), null);
    assert.equal((await corrections().find('two'))?.code, 1302);
  });

  it('lets one of those count that several processes make at the same moment', async () => {
    await predicted('one');
    const children = [
      [1302, 60],
      [50, 2583],
    ].map((codes) => startCorrecting(tested.address, correction('one'), codes));
    await Promise.all(children.map((child) => once(child, 'message')));
    const answers = children.map(async (child) => (await once(child, 'message'))[0] as unknown);
    for (const child of children) child.send('go');
    assert.deepEqual(await Promise.all(answers), [
      [true, true],
      [true, true],
    ]);
    assert.equal((await corrections().list({ limit: 10 })).corrections.length, 1);
    assert.equal((await corrections().ended('one')).length, 3);
  });
});

function startCorrecting(
  address: DatabaseAddress,
  of: NewCorrection,
  codes: readonly number[],
): ChildProcess {
  const work = JSON.stringify({ address, correction: { ...of, picture: null }, codes });
  return fork(join(PROJECT, 'test/api/database/fixture-correct.ts'), [work], {
    execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
  });
}
