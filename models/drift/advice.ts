import type { Bilingual } from '../evaluation/insight/sentences.ts';
import type { DriftStatistic, Level } from './statistic.ts';
import { LEAST_ROWS } from './strength.ts';
import type { FeatureName } from './watched.ts';

const KINDS: ReadonlyArray<{ readonly features: readonly FeatureName[] } & Bilingual> = [
  {
    features: ['hasPicture', 'ratio', 'pixels', 'brightness', 'contrast', 'saturation', 'white'],
    en: 'Look at some pictures as they arrive: a fault of whoever sends or shrinks them is mended there, not by a training.',
    fr: 'Regarder quelques images telles qu’elles arrivent : un défaut de celui qui les envoie ou les réduit se corrige là, pas par un apprentissage.',
  },
  {
    features: ['hasText', 'language', 'characters', 'words', 'unknownWords'],
    en: 'Read some of the products: the texts are not like those of the catalogue. A fault of the sender (no accents, cut fields, markup) is mended there.',
    fr: 'Lire quelques produits : les textes ne ressemblent pas à ceux du catalogue. Un défaut de l’émetteur (accents perdus, champs coupés, balises) se corrige là.',
  },
  {
    features: ['code', 'textMeaning', 'pictureMeaning'],
    en: 'Other products are asked about than at the training. When one client sends its whole stock at once, this passes by itself.',
    fr: 'Les produits demandés ne sont pas ceux de l’apprentissage. Si un client envoie tout son stock d’un coup, cela passera.',
  },
  {
    features: ['confidence', 'margin'],
    en: 'The answers are not as sure as they were: have people correct some of them, so that accuracy is measured and not only estimated.',
    fr: 'Les réponses ne sont plus aussi sûres qu’avant : en faire corriger quelques-unes, pour que l’exactitude soit mesurée et pas seulement estimée.',
  },
];

interface Found {
  readonly level: Level;
  readonly statistics: readonly DriftStatistic[];
  readonly predictions: number;
}

/** What to do, most urgent first. */
export function adviceOf({ level, statistics, predictions }: Found): Bilingual[] {
  if (predictions < LEAST_ROWS) {
    return [
      {
        en: `${predictions} predictions are too few to tell: at least ${LEAST_ROWS} are needed, some hundred are better.`,
        fr: `${predictions} prédictions ne suffisent pas : il en faut au moins ${LEAST_ROWS}, quelques centaines de préférence.`,
      },
    ];
  }
  if (level === 'ok') return [{ en: 'Nothing to do.', fr: 'Rien à faire.' }];
  const said: Bilingual[] = [];
  if (level === 'retrain') {
    said.push({
      en: 'Train again on a catalogue that holds such products; corrections of these predictions help most.',
      fr: 'Relancer un apprentissage sur un catalogue qui contient de tels produits ; les corrections de ces prédictions aident le plus.',
    });
  }
  if (level === 'warn') {
    said.push({
      en: 'Wait for the next check: one in a hundred checks of an unchanged stream says as much.',
      fr: 'Attendre le prochain contrôle : un contrôle sur cent d’un flux inchangé en dit autant.',
    });
  }
  const drifting = new Set(statistics.filter((one) => one.level !== 'ok').map(({ feature }) => feature));
  for (const { features, en, fr } of KINDS) {
    if (features.some((feature) => drifting.has(feature))) said.push({ en, fr });
  }
  return said;
}
