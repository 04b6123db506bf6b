import type { Estimate } from './accuracy.ts';
import { FEATURE_TITLES } from './names.ts';
import type { DriftReport } from './report.ts';
import type { DriftStatistic, Level } from './statistic.ts';

type Tongue = 'en' | 'fr';

const WORDS = {
  en: {
    title: 'Has the stream of products changed?',
    levels: {
      ok: 'No: nothing goes beyond chance.',
      warn: 'Perhaps: a little beyond chance.',
      alert: 'Yes.',
      retrain: 'Yes, so much that a new training is worth it.',
    },
    window: (n: number, span: string) => `${n} predictions${span}, beside the rows held out at the training.`,
    span: (from: string, to: string) => ` from ${from} to ${to}`,
    todo: 'What to do',
    accuracy: 'How many answers are right',
    heldOut: 'On the rows held out at the training',
    estimated: 'Estimated for these predictions, by their confidence',
    measured: (n: number) => `Of the ${n} that people looked at`,
    caution:
      'The estimate holds while a confidence means what it meant at the training. It cannot see answers that are sure and wrong for a new reason; people mostly look at answers that seem wrong.',
    changed: 'What has changed',
    nothing: 'Nothing.',
    all: 'Everything that is watched',
    colon: ': ',
    head: ['', 'feature', 'statistic', 'value', 'warns at', 'alerts at', 'size'],
    pictures: {
      overview: 'What has changed most',
      codes: 'Codes then and now',
      confidence: 'Confidence then and now',
    },
  },
  fr: {
    title: 'Le flux de produits a-t-il changé ?',
    levels: {
      ok: 'Non : rien ne dépasse le hasard.',
      warn: 'Peut-être : un peu plus que le hasard.',
      alert: 'Oui.',
      retrain: 'Oui, au point qu’un nouvel apprentissage en vaut la peine.',
    },
    window: (n: number, span: string) =>
      `${n} prédictions${span}, comparées aux lignes mises de côté à l’apprentissage.`,
    span: (from: string, to: string) => ` du ${from} au ${to}`,
    todo: 'Que faire',
    accuracy: 'Combien de réponses sont justes',
    heldOut: 'Sur les lignes mises de côté à l’apprentissage',
    estimated: 'Estimation pour ces prédictions, d’après leur confiance',
    measured: (n: number) => `Sur les ${n} que quelqu’un a vérifiées`,
    caution:
      'L’estimation vaut tant qu’une confiance signifie ce qu’elle signifiait à l’apprentissage. Elle ne voit pas des réponses sûres et fausses pour une raison nouvelle ; on vérifie surtout les réponses qui semblent fausses.',
    changed: 'Ce qui a changé',
    nothing: 'Rien.',
    all: 'Tout ce qui est surveillé',
    colon: ' : ',
    head: ['', 'caractéristique', 'statistique', 'valeur', 'avertit à', 'alerte à', 'ampleur'],
    pictures: {
      overview: 'Ce qui a le plus changé',
      codes: 'Codes avant et maintenant',
      confidence: 'Confiance avant et maintenant',
    },
  },
} as const;

const SIGNS: Readonly<Record<Level, string>> = { ok: '', warn: '?', alert: '!', retrain: '!!' };

/** The report as people read it; `pictures` are the charts beside it, by their names without extension. */
export function driftMarkdown(report: DriftReport, tongue: Tongue, pictures: readonly string[]): string {
  const words = WORDS[tongue];
  const { window, level, statistics, advice } = report;
  const span = window.from && window.to ? words.span(window.from, window.to) : '';
  const changed = statistics.filter((one) => one.level !== 'ok');
  const picture = (name: string) => {
    const title = words.pictures[name as keyof typeof words.pictures] ?? titleOf(name, tongue);
    return pictures.includes(name) ? `![${title}](${name}.svg)` : '';
  };
  const own = pictures.filter((name) => !Object.hasOwn(words.pictures, name));
  const sections = [
    `# ${words.title}`,
    `**${words.levels[level]}** ${words.window(window.predictions, span)}`,
    `## ${words.todo}`,
    list(advice.map((one) => one[tongue])),
    `## ${words.changed}`,
    changed.length === 0 ? words.nothing : list(changed.map(({ inWords }) => inWords[tongue])),
    ...['overview', ...own].map(picture),
    ...accuracy(report, tongue),
    ...['confidence', 'codes'].map(picture),
    `## ${words.all}`,
    table(
      words.head,
      statistics.map((one) => line(one, tongue)),
    ),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

function accuracy(report: DriftReport, tongue: Tongue): string[] {
  const words = WORDS[tongue];
  const { heldOutAccuracy, estimatedAccuracy, measuredAccuracy } = report;
  const range = ({ value, low, high }: Estimate) =>
    `${figure(value, tongue)} [${figure(low, tongue)} - ${figure(high, tongue)}]`;
  const lines = [
    ...(heldOutAccuracy === null ? [] : [`${words.heldOut}${words.colon}${figure(heldOutAccuracy, tongue)}`]),
    ...(estimatedAccuracy ? [`${words.estimated}${words.colon}${range(estimatedAccuracy)}`] : []),
    ...(measuredAccuracy
      ? [`${words.measured(measuredAccuracy.n)}${words.colon}${range(measuredAccuracy)}`]
      : []),
  ];
  return lines.length === 0 ? [] : [`## ${words.accuracy}`, list(lines), words.caution];
}

function line(one: DriftStatistic, tongue: Tongue): string[] {
  const { feature, statistic, value, threshold, size, level } = one;
  const figures = [value, threshold.warn, threshold.alert, size].map((number) => figure(number, tongue));
  return [SIGNS[level], titleOf(feature, tongue), statistic, ...figures];
}

const titleOf = (feature: string, tongue: Tongue) =>
  Object.entries(FEATURE_TITLES).find(([name]) => name === feature)?.[1][tongue] ?? feature;

function figure(value: number, tongue: Tongue): string {
  const text = value.toFixed(3);
  return tongue === 'fr' ? text.replace('.', ',') : text;
}

const list = (items: readonly string[]) => items.map((item) => `- ${item}`).join('\n');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}
