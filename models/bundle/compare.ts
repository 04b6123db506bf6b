import { type Bundle, canonicalJson } from './format.ts';

/** One fact in which two bundles differ; null where one has no such fact. */
export interface Difference {
  /** Such as `lineage.codeHash`, or `files.text/weights.safetensors`. */
  readonly what: string;
  readonly was: string | null;
  readonly is: string | null;
}

/** What decides comes before what follows from it: the first difference is the one to look at. */
const ORDER = [
  'lineage',
  'encoders',
  'family',
  'labels',
  'text',
  'image',
  'fusion',
  'files',
  'metrics',
] as const;

/** In what two bundles differ, beside when and by whom they were made; empty when they are the same. */
export function bundleDifferences(was: Bundle, is: Bundle): Difference[] {
  return ORDER.flatMap((part) => {
    const [before, after] = [factsOf(was, part), factsOf(is, part)];
    const names = [...new Set([...before.keys(), ...after.keys()])];
    return names.flatMap((what) => {
      const difference = { what, was: before.get(what) ?? null, is: after.get(what) ?? null };
      return difference.was === difference.is ? [] : [difference];
    });
  });
}

function factsOf(bundle: Bundle, part: (typeof ORDER)[number]): Map<string, string> {
  if (part === 'files') {
    const files = Object.entries(bundle.files).map(
      ([name, { sha256 }]) => [`files.${name}`, sha256] as const,
    );
    return new Map(files);
  }
  const facts = new Map<string, string>();
  const walk = (what: string, value: unknown) => {
    if (value === undefined) return;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      facts.set(what, canonicalJson(value));
    } else for (const [name, inner] of Object.entries(value)) walk(`${what}.${name}`, inner);
  };
  walk(part, bundle[part]);
  return facts;
}
