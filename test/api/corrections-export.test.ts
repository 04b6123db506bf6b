import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { createCorrections } from '../../api/database/corrections.ts';
import { CHALLENGE_FILES, type DatasetRow } from '../../data/catalogue.ts';
import { exportCorrections } from '../../data/corrections.ts';
import { fetchCatalogue } from '../../data/fetch.ts';
import { readProducts } from '../../data/read.ts';
import { inFolder } from '../support/tiny-catalogue.ts';
import { eachDatabase } from './database/each-database.ts';
import { body, testApi } from './support.ts';

const TEXTS = { designation: 'Seau & pelle "de plage"\r\nbleu', description: '<b>Été</b>, 3 m ; œuf 🏖' };

eachDatabase('what is predicted, corrected and exported', (tested) => {
  for (const [what, encoded] of [
    ['a JPEG', (picture: Sharp) => picture.jpeg({ quality: 60 })],
    ['a PNG', (picture: Sharp) => picture.png()],
  ] as const) {
    it(`has text, picture and code in the catalogue, with ${what}`, () =>
      inFolder(async (folder) => {
        const api = await testApi({ database: tested.database });
        const picture = await encoded(
          sharp({ create: { width: 300, height: 200, channels: 3, background: '#c02040' } }),
        ).toBuffer();
        const product = { ...TEXTS, image: picture.toString('base64') };
        const { prediction_id } = await body(await api.send('/predict', product));
        const path = `/predictions/${prediction_id}/correction`;
        assert.equal((await api.send(path, { ...product, code: 1302 })).status, 201);

        const corrections = createCorrections(tested.database);
        const exported = await exportCorrections(corrections.products(), join(folder, 'increments'));
        const { catalogue } = exported ?? assert.fail('nothing was exported');
        // As `npm run train -- --catalogue` would read the folder.
        const source = catalogue.directory;
        const fetched = await fetchCatalogue({
          source,
          directory: join(folder, 'work'),
          files: CHALLENGE_FILES,
        });
        assert.equal(fetched.contentHash, catalogue.contentHash);
        const rows: DatasetRow[] = [];
        for await (const row of readProducts(fetched, 'train')) rows.push(row);
        const [row] = rows;
        assert.equal(rows.length, 1);
        assert.deepEqual([row?.designation, row?.description, row?.code], [...Object.values(TEXTS), 1302]);
        assert.equal(row?.picture?.sha256, createHash('sha256').update(picture).digest('hex'));
        assert.deepEqual(await readFile(join(source, row.picture.file)), picture);
      }));
  }
});
