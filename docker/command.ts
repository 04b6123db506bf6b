import { isEtiquetteError } from '../errors.ts';

// `docker compose run --rm cli NAME args...`: what `npm run NAME` does, without the set-up that an image has behind it.
const [name = '', ...args] = process.argv.slice(2);
if (!/^[a-z]+$/.test(name)) throw new Error('Name a command, such as: train, models, rollback, users, data.');
const { main } = (await import(`../cli/${name}.ts`)) as { main(args: string[]): Promise<number> };
try {
  process.exitCode = await main(args);
} catch (error) {
  if (!isEtiquetteError(error)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = error.code === 'USAGE' ? 2 : 1;
}
