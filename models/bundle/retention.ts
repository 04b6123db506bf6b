import { type Deployment, standing } from './deployments.ts';

export interface RetentionRule {
  /** So many of the newest bundles stay, whatever they are. */
  readonly newest: number;
  /** So many steps back stay possible. */
  readonly rollbacks: number;
}

export interface Retained {
  /** Why each bundle stays, by its version. */
  readonly kept: ReadonlyMap<string, string>;
  readonly pruned: readonly string[];
}

/**
 * Which bundles stay and which may go: never the one that serves, one that a rollback can reach, or one that
 * something refers to.
 * @param bundles with the time they were made at, in any order
 * @param references why a bundle is needed, by its version
 */
export function retain(
  bundles: readonly { readonly version: string; readonly at: string }[],
  history: readonly Deployment[],
  references: ReadonlyMap<string, string>,
  { newest, rollbacks }: RetentionRule,
): Retained {
  const champion = history.at(-1)?.version;
  const reachable = new Set(standing(history).slice(-1 - rollbacks));
  const young = new Set(
    [...bundles]
      // Made in the same millisecond: the name decides, so that the answer is always the same.
      .sort((a, b) => (`${a.at} ${a.version}` > `${b.at} ${b.version}` ? -1 : 1))
      .slice(0, newest)
      .map(({ version }) => version),
  );
  const why = (version: string): string | null => {
    if (version === champion) return 'it serves';
    if (reachable.has(version)) return 'a rollback can reach it';
    return references.get(version) ?? (young.has(version) ? `one of the ${newest} newest` : null);
  };
  const kept = new Map<string, string>();
  const pruned: string[] = [];
  for (const { version } of bundles) {
    const reason = why(version);
    if (reason === null) pruned.push(version);
    else kept.set(version, reason);
  }
  return { kept, pruned };
}
