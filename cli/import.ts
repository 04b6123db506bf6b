import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { importBundle } from '../models/import/import.ts';
import { createMlProcess } from '../models/runtime/process.ts';

const USAGE = `Usage: npm run import -- DIR [--image-classes lexicographic|index] [--json]

Makes a bundle of the original's models: best_lstm_model.h5, best_vgg16_model.h5 (Keras 2 or 3),
tokenizer_config.json, mapper.json and best_weights.json, as its training left them in DIR.
The bundle is not deployed: "npm run deploy -- VERSION" does that.

  --image-classes  how the picture model's columns are ordered. lexicographic (default): as the original's
                   training orders them, "0", "1", "10", "11" ... "2"; index: 0, 1, 2 ... for models whose
                   training was corrected
  --json           print one JSON line: {bundle, encoder, textWeight}
`;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'image-classes': { type: 'string', default: 'lexicographic' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [directory] = positionals;
  const imageClasses = values['image-classes'];
  if (directory === undefined || positionals.length > 1) {
    throw new EtiquetteError('USAGE', "Name the folder of the original's models: npm run import -- DIR.");
  }
  if (imageClasses !== 'lexicographic' && imageClasses !== 'index') {
    throw new EtiquetteError('USAGE', '--image-classes is lexicographic or index.');
  }
  const config = readConfig();
  const ml = createMlProcess({ name: 'import', threads: availableParallelism() });
  try {
    const bundle = await importBundle({
      directory,
      imageClasses,
      bundles: config.bundles,
      encoders: config.encoders,
      scratch: config.VAR_DIR,
      ml,
      madeBy: {
        at: new Date().toISOString(),
        workflowId: null,
        runId: null,
        etiquette: config.RELEASE,
      },
    });
    const { version, encoders, fusion } = bundle;
    if (values.json) {
      const facts = { bundle: version, encoder: encoders.image.sha256, textWeight: fusion.textWeight };
      process.stdout.write(`${JSON.stringify(facts)}\n`);
    } else {
      process.stdout.write(
        `Bundle ${version}: text counts ${fusion.textWeight}, picture ${Number((1 - fusion.textWeight).toPrecision(12))}.\n` +
          `"npm run evaluate -- --catalogue DIR --model ${version}" scores it, "npm run deploy -- ${version}" makes it serve.\n`,
      );
    }
    return 0;
  } finally {
    await ml.close();
  }
}
