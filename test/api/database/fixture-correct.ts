import { once } from 'node:events';
import { createCorrections } from '../../../api/database/corrections.ts';
import { openDatabase } from '../../../api/database/open.ts';

// A process that corrects the prediction of its argument with one code after the other when it is told to.
const { address, correction, codes } = JSON.parse(process.argv[2] ?? '');
const database = await openDatabase(address);
process.send?.('ready');
await once(process, 'message');
try {
  const made = [];
  for (const code of codes)
    made.push((await createCorrections(database).put({ ...correction, code }))?.isNew);
  process.send?.(made);
} catch (error) {
  process.send?.(String(error));
}
await database.destroy();
process.disconnect();
