import { withoutMarkup } from '../../text/clean.ts';

/**
 * A product's text for people: no markup, one line, at most `length` characters. Control and format characters go too:
 * they could turn a line around or hide part of it.
 */
export function excerpt(field: string, length: number): string {
  const line = withoutMarkup(field)
    .normalize('NFC')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  const characters = [...line.slice(0, 2 * length)];
  return characters.length <= length
    ? line
    : `${characters
        .slice(0, length - 1)
        .join('')
        .trimEnd()}…`;
}

/** Text that Markdown and HTML show as it is. */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/[\\`*_{}[\]()#+!|~$-]/g, '\\$&')
      // GitHub and others make links of bare addresses and of names.
      .replace(/:\/\//g, '&#58;//')
      .replace(/@/g, '&#64;')
      .replace(/\bwww\./gi, 'www&#46;')
  );
}

export function escapeXml(text: string): string {
  return text
    .replace(/[\p{C}]/gu, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

/** A probability in words. Nothing is quite sure, so nothing reads as 0 or 100 %. */
export function chance(value: number): string {
  if (value > 0.99) return 'over 99 %';
  return value < 0.01 ? 'under 1 %' : `${Math.round(100 * value)} %`;
}
