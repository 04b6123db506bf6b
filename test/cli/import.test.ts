import assert from 'node:assert/strict';
import { main } from '../../cli/import.ts';

describe('npm run import', () => {
  it('says how it is used when no folder, two folders or another column order is given', async () => {
    for (const args of [[], ['a', 'b'], ['a', '--image-classes', 'alphabetic']]) {
      await assert.rejects(main(args), { code: 'USAGE' }, args.join(' '));
    }
  });

  it('names the folder and the file that is not there', async () => {
    await assert.rejects(main(['/no/such/folder', '--json']), {
      code: 'IMPORT_FILE_MISSING',
      message: /mapper\.json is not in \/no\/such\/folder/,
    });
  });
});
