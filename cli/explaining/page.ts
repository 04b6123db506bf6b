import type { Part } from '../../models/explain/explanation.ts';
import { nameOf, type ShownExplanation, strengths } from './shown.ts';

const TEXTS = {
  fr: {
    title: 'Pourquoi',
    confidence: 'probabilité',
    bundle: 'modèle',
    designation: 'Désignation',
    description: 'Description',
    text: 'Le texte :',
    picture: 'L’image :',
    alone: 'À lui seul :',
    aloneFeminine: 'À elle seule :',
    weights: 'Contributions exactes, lues dans les poids du modèle.',
    occlusion: 'Contributions mesurées en cachant chaque partie.',
    legend: 'Bleu : parle pour ce code. Orange : parle contre. Plus c’est dense, plus c’est fort.',
    heatMap: 'L’image, ses régions colorées selon leur contribution',
    more: 'autres mots',
    nothing: 'Il n’y a ni texte ni image : tous les codes se valent.',
  },
  en: {
    title: 'Why',
    confidence: 'probability',
    bundle: 'bundle',
    designation: 'Designation',
    description: 'Description',
    text: 'The text:',
    picture: 'The picture:',
    alone: 'By itself:',
    aloneFeminine: 'By itself:',
    weights: 'Exact contributions, from the model’s weights.',
    occlusion: 'Contributions measured by hiding each part.',
    legend: 'Blue speaks for this code, orange against it; the denser, the stronger.',
    heatMap: 'The picture, its regions coloured by their contribution',
    more: 'more words',
    nothing: 'There is neither text nor picture: every code is as probable.',
  },
} as const;

const STYLE = `
  :root { color-scheme: light; font: 1rem/1.6 system-ui, sans-serif; color: #1c2333; background: #f4f5f7; }
  body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 0; } p { margin: .3rem 0; }
  section { background: #fff; border: 1px solid #dde1e8; border-radius: .5rem; padding: 1rem 1.2rem; margin: 1rem 0; }
  .quiet { color: #5b6475; font-size: .875rem; }
  .bar { height: .5rem; border-radius: .25rem; background: #e6e9ef; margin: .5rem 0; }
  .bar span { display: block; height: 100%; border-radius: .25rem; }
  .words { overflow-wrap: anywhere; } mark { color: inherit; border-radius: .2rem; padding: .1rem .15rem; }
  img { max-width: 100%; display: block; border-radius: .3rem; margin-top: .6rem; }
`;

/** A page of its own, with nothing to load: the words and the picture coloured, and how much each counted. */
export function explanationPage(shown: ShownExplanation): string {
  const { explanation, bundle, language } = shown;
  const { code, confidence, text, image, heatMap } = explanation;
  const say = TEXTS[language];
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 3 });
  const signed = new Intl.NumberFormat(language, { maximumFractionDigits: 3, signDisplay: 'exceptZero' });
  const title = `${say.title} ${code} ${nameOf(shown)}`;

  const most = Math.max(Math.abs(text?.contribution ?? 0), Math.abs(image?.contribution ?? 0));
  const head = (name: string, part: Part & { method: 'weights' | 'occlusion' }, alone: string) => {
    const { contribution } = part;
    const width = most > 0 ? (100 * Math.abs(contribution)) / most : 0;
    return `<h2>${name} ${signed.format(contribution)}</h2>
  <div class="bar"><span style="width:${width.toFixed(1)}%;background:${colour(Math.sign(contribution))}"></span></div>
  <p class="quiet">${alone} ${number.format(part.confidence)}. ${say[part.method]}</p>`;
  };

  const wordsOf = (field: 'designation' | 'description') => {
    if (!text) return '';
    const strength = strengths(text.words.map(({ contribution }) => contribution));
    const words = text.words.flatMap((word, at) =>
      word.field === field
        ? [
            `<mark style="background:${colour(strength[at] ?? 0)}" title="${signed.format(word.contribution)}">` +
              `${escaped(word.text)}</mark>`,
          ]
        : [],
    );
    return words.length > 0
      ? `<p class="quiet">${say[field]}</p><p class="words" lang="fr">${words.join(' ')}</p>`
      : '';
  };
  const left = text ? text.totalWords - text.words.length : 0;
  const textPart = text
    ? `<section>${head(say.text, text, say.alone)}
  ${wordsOf('designation')}${wordsOf('description')}
  ${left > 0 ? `<p class="quiet">… ${left} ${say.more}</p>` : ''}</section>`
    : '';
  const imagePart = image
    ? `<section>${head(say.picture, image, say.aloneFeminine)}
  ${heatMap ? `<img alt="${say.heatMap}" src="data:image/png;base64,${Buffer.from(heatMap).toString('base64')}">` : ''}</section>`
    : '';

  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>${say.confidence} <strong>${number.format(confidence)}</strong> <span class="quiet">${say.bundle} ${escaped(bundle)}</span></p>
<p class="quiet">${text || image ? say.legend : say.nothing}</p>
${textPart}
${imagePart}
</body>
</html>
`;
}

/** Blue for, orange against; as the heat map's. */
function colour(strength: number): string {
  const opacity = Math.abs(strength).toFixed(2);
  return strength > 0 ? `rgba(60,130,255,${opacity})` : `rgba(255,140,30,${opacity})`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
