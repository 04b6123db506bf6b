import sharp from 'sharp';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** What every chart has in common: one look, and the same bytes for the same figures. */
const LOOK = {
  background: 'white',
  padding: 14,
  config: {
    font: 'DejaVu Sans, Verdana, Arial, sans-serif',
    title: { anchor: 'start', fontSize: 15, subtitleFontSize: 11, subtitleColor: '#555', offset: 12 },
    axis: { labelColor: '#333', titleColor: '#333', titleFontWeight: 'normal', gridColor: '#e6e6e6' },
    view: { stroke: '#cccccc' },
  },
} as const;

export const COLOURS = { text: '#1f6feb', image: '#d1570b', neutral: '#6e7781', fused: '#1a7f5a' } as const;

/** A chart's specification without what LOOK gives. */
export type Chart = Omit<TopLevelSpec, 'background' | 'padding' | 'config'>;

/** Draws a chart without a browser or a canvas. The same chart always gives the same bytes. */
export async function toSvg(chart: Chart): Promise<string> {
  const { spec } = compile({ ...LOOK, ...chart } as TopLevelSpec);
  const view = new View(parse(spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}

/** The picture at twice its size, so that it stays sharp on dense screens and in documents. */
export async function toPng(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg), { density: 144 }).png({ compressionLevel: 9 }).toBuffer();
}
