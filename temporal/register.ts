import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';

/** Temporal's number for Keyword, the one type that is used. */
const KEYWORD = 2;

/**
 * Registers the search attributes that the namespace lacks: one that an earlier release made knows fewer, and a
 * run that sets an unknown one stands still.
 */
export async function registerSearchAttributes(
  { operatorService }: NativeConnection,
  namespace: string,
): Promise<void> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = Object.keys(SEARCH_ATTRIBUTES).filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
  await operatorService.addSearchAttributes({ namespace, searchAttributes });
}
