import { once } from 'node:events';
import { openDatabase } from '../../../api/database/open.ts';

// A process that opens the databases of its argument, one after the other, when it is told to, and says what came of it.
process.send?.('ready');
await once(process, 'message');
try {
  for (const address of JSON.parse(process.argv[2] ?? '')) {
    const database = await openDatabase(address);
    await database.destroy();
  }
  process.send?.('opened');
} catch (error) {
  process.send?.(String(error));
}
process.disconnect();
