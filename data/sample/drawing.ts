import sharp from 'sharp';
import { TYPE_CODES, type TypeCode } from '../type-codes.ts';
import { pick } from './text.ts';

/** Shapes in a box of 100 x 100; `fill` and `edge` are the main and the second colour. */
const SHAPES: Readonly<Record<string, (fill: string, edge: string) => string>> = {
  book: (f, e) =>
    `<rect x="22" y="12" width="56" height="76" rx="3" fill="${f}"/><rect x="22" y="12" width="9" height="76" fill="${e}"/><path d="M40 30H70M40 40H64" stroke="${e}" stroke-width="4"/>`,
  pages: (f, e) =>
    `<path d="M8 22Q30 12 50 24Q70 12 92 22V80Q70 70 50 82Q30 70 8 80Z" fill="${f}"/><path d="M50 24V82M16 38H42M16 50H42M58 38H84M58 50H84" stroke="${e}" stroke-width="3"/>`,
  stack: (f, e) =>
    `<rect x="14" y="64" width="72" height="18" fill="${f}"/><rect x="20" y="44" width="66" height="18" fill="${e}"/><rect x="12" y="24" width="68" height="18" fill="${f}"/>`,
  pad: (f, e) =>
    `<path d="M20 34H80Q98 36 94 66Q84 84 68 62H32Q16 84 6 66Q2 36 20 34Z" fill="${f}"/><circle cx="74" cy="47" r="6" fill="${e}"/><path d="M22 47H36M29 40V54" stroke="${e}" stroke-width="5"/>`,
  disc: (f, e) =>
    `<circle cx="50" cy="50" r="40" fill="${f}"/><circle cx="50" cy="50" r="14" fill="${e}"/><circle cx="50" cy="50" r="5" fill="#fff"/>`,
  screen: (f, e) =>
    `<rect x="10" y="18" width="80" height="54" rx="6" fill="${f}"/><rect x="18" y="26" width="64" height="38" fill="${e}"/><rect x="36" y="76" width="28" height="8" fill="${f}"/>`,
  figure: (f, e) =>
    `<circle cx="50" cy="22" r="14" fill="${e}"/><path d="M34 40H66L72 70H60V92H52V74H48V92H40V70H28Z" fill="${f}"/>`,
  card: (f, e) =>
    `<rect x="26" y="8" width="48" height="84" rx="6" fill="${f}"/><rect x="32" y="16" width="36" height="34" fill="${e}"/><path d="M34 60H66M34 70H60" stroke="${e}" stroke-width="4"/>`,
  star: (f, e) =>
    `<path d="M50 6L62 38L96 40L69 60L79 94L50 74L21 94L31 60L4 40L38 38Z" fill="${f}" stroke="${e}" stroke-width="4"/>`,
  blocks: (f, e) =>
    `<rect x="14" y="52" width="34" height="34" fill="${f}"/><rect x="52" y="52" width="34" height="34" fill="${e}"/><rect x="33" y="16" width="34" height="34" fill="${f}"/>`,
  wheels: (f, e) =>
    `<path d="M10 62L24 36H66L88 62Z" fill="${f}"/><circle cx="28" cy="70" r="13" fill="${e}"/><circle cx="72" cy="70" r="13" fill="${e}"/>`,
  sock: (f, e) =>
    `<path d="M34 8H62V56L88 72Q92 90 74 90H48Q34 84 34 66Z" fill="${f}"/><rect x="32" y="8" width="32" height="12" fill="${e}"/>`,
  seat: (f, e) =>
    `<rect x="26" y="10" width="48" height="42" rx="8" fill="${f}"/><rect x="20" y="50" width="60" height="16" rx="5" fill="${e}"/><path d="M26 66V92M74 66V92" stroke="${e}" stroke-width="6"/>`,
  cushion: (f, e) =>
    `<path d="M14 14Q50 26 86 14Q74 50 86 86Q50 74 14 86Q26 50 14 14Z" fill="${f}"/><circle cx="50" cy="50" r="10" fill="${e}"/>`,
  lamp: (f, e) =>
    `<path d="M34 10H66L82 50H18Z" fill="${f}"/><path d="M50 50V84" stroke="${e}" stroke-width="7"/><rect x="30" y="82" width="40" height="9" fill="${e}"/>`,
  jar: (f, e) =>
    `<rect x="24" y="28" width="52" height="62" rx="10" fill="${f}"/><rect x="28" y="12" width="44" height="14" fill="${e}"/><rect x="30" y="48" width="40" height="20" fill="${e}"/>`,
  bone: (f, e) =>
    `<path d="M26 42H74" stroke="${f}" stroke-width="18"/><g fill="${f}"><circle cx="20" cy="32" r="13"/><circle cx="20" cy="54" r="13"/><circle cx="80" cy="32" r="13"/><circle cx="80" cy="54" r="13"/></g><circle cx="50" cy="80" r="8" fill="${e}"/>`,
  waves: (f, e) =>
    `<ellipse cx="50" cy="54" rx="44" ry="32" fill="${f}"/><path d="M14 50Q26 40 38 50T62 50T86 50M20 64Q32 54 44 64T68 64" fill="none" stroke="${e}" stroke-width="5"/>`,
  tool: (f, e) => `<path d="M16 14H70V34H16Z" fill="${f}"/><path d="M40 34H54V92H40Z" fill="${e}"/>`,
  tent: (f, e) => `<path d="M50 10L96 84H4Z" fill="${f}"/><path d="M50 34L68 84H32Z" fill="${e}"/>`,
};

/** A code's usual shapes (the first is the most frequent) and hue in degrees; neighbours overlap in both. */
const LOOKS: Readonly<Record<TypeCode, { shapes: readonly [string, string]; hue: number }>> = {
  10: { shapes: ['book', 'pages'], hue: 30 },
  40: { shapes: ['disc', 'card'], hue: 280 },
  50: { shapes: ['pad', 'disc'], hue: 215 },
  60: { shapes: ['screen', 'pad'], hue: 250 },
  1140: { shapes: ['figure', 'star'], hue: 330 },
  1160: { shapes: ['card', 'star'], hue: 50 },
  1180: { shapes: ['figure', 'blocks'], hue: 100 },
  1280: { shapes: ['blocks', 'figure'], hue: 355 },
  1281: { shapes: ['blocks', 'card'], hue: 130 },
  1300: { shapes: ['wheels', 'star'], hue: 200 },
  1301: { shapes: ['sock', 'cushion'], hue: 310 },
  1302: { shapes: ['tent', 'wheels'], hue: 85 },
  1320: { shapes: ['wheels', 'sock'], hue: 290 },
  1560: { shapes: ['seat', 'lamp'], hue: 25 },
  1920: { shapes: ['cushion', 'seat'], hue: 265 },
  1940: { shapes: ['jar', 'bone'], hue: 15 },
  2060: { shapes: ['lamp', 'star'], hue: 60 },
  2220: { shapes: ['bone', 'jar'], hue: 150 },
  2280: { shapes: ['pages', 'book'], hue: 345 },
  2403: { shapes: ['stack', 'book'], hue: 5 },
  2462: { shapes: ['disc', 'pad'], hue: 185 },
  2522: { shapes: ['book', 'tool'], hue: 225 },
  2582: { shapes: ['seat', 'tent'], hue: 115 },
  2583: { shapes: ['waves', 'tool'], hue: 195 },
  2585: { shapes: ['tool', 'wheels'], hue: 140 },
  2705: { shapes: ['book', 'stack'], hue: 175 },
  2905: { shapes: ['screen', 'disc'], hue: 165 },
};

/** Shares of pictures: a second shape, and a shape and hue that say nothing. */
const SECOND_SHAPE = 0.25;
const OFF_TOPIC = 0.12;
const HUE_SPREAD = 55;

/** One product picture, JPEG, `size` x `size` pixels. */
export async function drawPicture(code: TypeCode, size: number, next: () => number): Promise<Buffer> {
  const look = LOOKS[next() < OFF_TOPIC ? pick(TYPE_CODES, next) : code];
  const shape = SHAPES[look.shapes[next() < SECOND_SHAPE ? 1 : 0]];
  const hue = look.hue + (next() - 0.5) * HUE_SPREAD;
  const fill = `hsl(${hue.toFixed(1)},${(45 + next() * 40).toFixed(1)}%,${(35 + next() * 25).toFixed(1)}%)`;
  const edge = `hsl(${(hue + 40).toFixed(1)},50%,${(20 + next() * 60).toFixed(1)}%)`;
  const clutter = Array.from({ length: 6 + Math.floor(next() * 14) }, () => {
    const colour = `hsl(${Math.floor(next() * 360)},${Math.floor(next() * 60)}%,${30 + Math.floor(next() * 60)}%)`;
    const [x, y, extent] = [next() * 100, next() * 100, 1 + next() * 7].map((value) => value.toFixed(1));
    return next() < 0.5
      ? `<circle cx="${x}" cy="${y}" r="${extent}" fill="${colour}" opacity="0.5"/>`
      : `<rect x="${x}" y="${y}" width="${extent}" height="9" fill="${colour}" opacity="0.5"/>`;
  }).join('');
  const turn = ((next() - 0.5) * 50).toFixed(1);
  const scale = (0.55 + next() * 0.4).toFixed(2);
  const [left, top] = [(next() - 0.5) * 20, (next() - 0.5) * 20].map((value) => value.toFixed(1));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 100 100">
<rect width="100" height="100" fill="hsl(${Math.floor(next() * 360)},20%,${80 + Math.floor(next() * 20)}%)"/>${clutter}
<g transform="translate(${left} ${top}) rotate(${turn} 50 50) translate(50 50) scale(${scale}) translate(-50 -50)">${shape?.(fill, edge)}</g></svg>`;
  return sharp(Buffer.from(svg)).flatten({ background: '#fff' }).jpeg({ quality: 82 }).toBuffer();
}
