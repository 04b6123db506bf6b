import { type Attributes, trace } from '@opentelemetry/api';
import { z } from 'zod';

/** What stages are given and give back, as far as it is told: names and versions, never paths, texts or reasons. */
const told = z.object({
  family: z.string().optional().catch(undefined),
  dataset: z.object({ version: z.string() }).optional().catch(undefined),
  bundle: z.string().optional().catch(undefined),
  version: z.string().optional().catch(undefined),
  shard: z.number().optional().catch(undefined),
  reused: z.boolean().optional().catch(undefined),
});

/** Says on the span of an activity what it worked on, as its input and its result tell. */
export function describeStage(part: unknown): void {
  const span = trace.getActiveSpan();
  if (!span?.isRecording()) return;
  span.setAttributes(attributesOf(part));
}

function attributesOf(part: unknown): Attributes {
  const parsed = told.safeParse(part);
  if (!parsed.success) return {};
  const { family, dataset, bundle, version, shard, reused } = parsed.data;
  return defined({
    'etiquette.family': family,
    'etiquette.dataset_version': dataset?.version,
    'etiquette.bundle': bundle ?? version,
    'etiquette.shard': shard,
    'etiquette.stage.reused': reused,
  });
}

const defined = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
