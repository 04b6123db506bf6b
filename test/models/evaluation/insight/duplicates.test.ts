import assert from 'node:assert/strict';
import { random, shuffled } from '../../../../data/random.ts';
import type { TypeCode } from '../../../../data/type-codes.ts';
import type { CatalogueRow } from '../../../../models/evaluation/insight/answers.ts';
import { duplicatesAcrossCodes } from '../../../../models/evaluation/insight/duplicates.ts';
import {
  createSigner,
  SIGNATURE,
  shingles,
  similarity,
} from '../../../../models/evaluation/insight/minhash.ts';
import { similarTexts } from '../../../../models/evaluation/insight/similar-texts.ts';

const product = (designation: string, description = '') => ({ designation, description });

function words(count: number, seed: number): string[] {
  const next = random(seed, 'words');
  return Array.from({ length: count }, () => `mot${Math.floor(next() * 5000)}`);
}

function grouped(texts: readonly string[]): number[] {
  const sign = createSigner();
  const sets = texts.map((text) => shingles(product(text)));
  const signatures = Uint32Array.from(sets.flatMap((set) => [...sign(set)]));
  return [...similarTexts(signatures, (row) => sets[row]!.size === 0)];
}

describe('a text as its shingles', () => {
  it('is the same whatever its markup, letter case and stop words', () => {
    const one = shingles(product('Table de jardin', '<b>Chaise&nbsp;pliante</b>'));
    const other = shingles(product('TABLE JARDIN', 'la chaise pliante'));
    assert.ok(one.size > 0);
    assert.equal(similarity(one, other), 1);
  });

  it('shares with another what their word pairs share', () => {
    const one = shingles(product('alpha beta gamma delta'));
    const other = shingles(product('alpha beta gamma omega'));
    assert.equal(similarity(one, other), 2 / 4);
    assert.equal(similarity(shingles(product('')), shingles(product(''))), 0);
  });
});

describe('MinHash signatures', () => {
  it('agree in about as many places as the texts share', () => {
    const sign = createSigner();
    let off = 0;
    for (let round = 0; round < 40; round++) {
      const text = words(120, round);
      const changed = [...text.slice(0, 60 + round), ...words(60 - round, 1000 + round)];
      const [a, b] = [shingles(product(text.join(' '))), shingles(product(changed.join(' ')))];
      const [one, other] = [sign(a), sign(b)];
      const same = one.filter((value, at) => value === other[at]).length / SIGNATURE;
      assert.ok(Math.abs(same - similarity(a, b)) < 0.25, `round ${round}`);
      off += (same - similarity(a, b)) / 40;
    }
    assert.ok(Math.abs(off) < 0.03, `off by ${off} on average`);
  });
});

describe('similar texts', () => {
  it('are grouped under their first row; different ones stay alone', () => {
    const base = words(40, 1);
    const near = [...base.slice(0, 38), 'autre', 'chose'];
    const groups = grouped([words(40, 2).join(' '), base.join(' '), words(40, 3).join(' '), near.join(' ')]);
    assert.deepEqual(groups, [0, 1, 2, 1]);
  });

  it('are found among thousands, and texts that share half stay apart', () => {
    const texts = Array.from({ length: 2000 }, (_, row) => words(30, row));
    const copies = [7, 500, 1999].map((row) => [...texts[row]!.slice(0, 29), 'fin']);
    const halves = [8, 501].map((row) => [...texts[row]!.slice(0, 15), ...words(15, 9000 + row)]);
    const groups = grouped([...texts, ...copies, ...halves].map((text) => text.join(' ')));
    assert.deepEqual(groups.slice(2000, 2003), [7, 500, 1999]);
    assert.deepEqual(groups.slice(2003), [2003, 2004]);
    assert.equal(new Set(groups).size, 2002);
  });

  it('stay one group when hundreds share a template', () => {
    const template = words(60, 5).join(' ');
    const groups = grouped(Array.from({ length: 300 }, (_, row) => `${template} modele${row}`));
    assert.deepEqual([...new Set(groups)], [0]);
  });

  it('do not include rows without text', () => {
    assert.deepEqual(grouped(['', '', '<p></p>']), [0, 1, 2]);
  });
});

function row(code: TypeCode, picture: string | null = null): CatalogueRow {
  const file = picture === null ? null : { file: `${picture}.jpg`, sha256: picture };
  return { row: 'r', productId: 'p', code, picture: file, part: 'held-out' };
}

describe('duplicates across codes', () => {
  it('are groups of the same text under several codes, with the rows of each', () => {
    const rows = [row(10), row(2280), row(10), row(40), row(40)];
    assert.deepEqual(duplicatesAcrossCodes(rows, [0, 0, 0, 3, 3]), [
      {
        kind: 'text',
        members: [0, 1, 2],
        codes: [
          { code: 10, count: 2 },
          { code: 2280, count: 1 },
        ],
      },
    ]);
  });

  it('are groups of the same picture too, unless the text tells already', () => {
    const rows = [row(10, 'a'), row(2280, 'a'), row(10, 'b'), row(40, 'b')];
    const groups = duplicatesAcrossCodes(rows, [0, 0, 2, 3]);
    assert.deepEqual(
      groups.map(({ kind, members }) => ({ kind, members })),
      [
        { kind: 'text', members: [0, 1] },
        { kind: 'picture', members: [2, 3] },
      ],
    );
  });

  it('do not join rows that have no picture', () => {
    assert.deepEqual(duplicatesAcrossCodes([row(10), row(40)], [0, 1]), []);
  });

  it('come with most to put right first', () => {
    const rows = [row(10), row(40), row(60), row(10), row(40)];
    const order = duplicatesAcrossCodes(rows, [0, 0, 2, 2, 2]).map(({ members }) => members[0]);
    assert.deepEqual(order, [2, 0]);
  });
});

describe('the groups', () => {
  it('hold the same rows in whatever order the catalogue lists them', () => {
    const base = words(40, 1);
    const texts = [0, 1, 2, 3, 4, 5].map((at) => [...base.slice(0, 36), ...words(4, at)].join(' '));
    const other = Array.from({ length: 50 }, (_, at) => words(40, 100 + at).join(' '));
    const all = [...texts, ...other];
    const order = shuffled([...all.keys()], random(3, 'order'));
    const sizes = (groups: readonly number[]) =>
      [...new Set(groups)].map((name) => groups.filter((group) => group === name).length).sort();
    assert.deepEqual(sizes(grouped(order.map((at) => all[at]!))), sizes(grouped(all)));
    assert.equal(Math.max(...sizes(grouped(all))), 6);
  });
});
