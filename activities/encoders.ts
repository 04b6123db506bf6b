import { type Retry, withRetries } from '../data/retry.ts';
import { isEtiquetteError } from '../errors.ts';
import { type Encoder, type EncoderOptions, prepareEncoder } from '../models/encoders/prepare.ts';
import type { TextRecipe } from '../models/family.ts';
import type { Parameters } from '../models/runtime/jobs.ts';
import type { ActivityDeps } from './deps.ts';
import type { StageTools } from './durable.ts';

/** Where encoders come from and go to. */
export function encoderSources(
  config: Pick<ActivityDeps['config'], 'VGG16_WEIGHTS_URL' | 'IMAGE_ENCODER' | 'TEXT_ENCODER' | 'encoders'>,
): Pick<EncoderOptions, 'url' | 'own' | 'directory'> {
  return {
    url: config.VGG16_WEIGHTS_URL,
    own: { image: config.IMAGE_ENCODER ?? null, text: config.TEXT_ENCODER ?? null },
    directory: config.encoders,
  };
}

const RETRY: Retry = { attempts: 3, firstDelay: 2_000, mostDelay: 30_000 };

/**
 * The encoder that a text recipe asks for. When it cannot be had after a few tries the training goes on without
 * it: a model that is a little weaker beats none, and its bundle and report say so. What is wrong with an encoder
 * of the operator's own is an error: it was asked for by name.
 */
export async function prepareTextEncoder(
  recipe: TextRecipe,
  parameters: Parameters,
  { config, log }: Pick<ActivityDeps, 'config' | 'log'>,
  { signal, report }: StageTools,
  retry: Retry = RETRY,
): Promise<{ readonly encoder: Encoder | null; readonly missing: string | null }> {
  const name = recipe.encoder(parameters);
  if (name === null) return { encoder: null, missing: null };
  const options: EncoderOptions = {
    ...encoderSources(config),
    signal,
    onProgress: (progress) => report({ ...progress, fraction: 0 }),
    log,
  };
  try {
    return {
      encoder: await withRetries(() => prepareEncoder(name, options), { retry, signal }),
      missing: null,
    };
  } catch (error) {
    if (!isEtiquetteError(error) || error.code !== 'ENCODER_UNAVAILABLE') throw error;
    log.warn({ encoder: name, reason: error.message }, 'training the text model without its encoder');
    return { encoder: null, missing: name };
  }
}
