import type { Bilingual } from '../evaluation/insight/sentences.ts';
import type { FeatureName } from './watched.ts';

export const FEATURE_TITLES: Readonly<Record<FeatureName, Bilingual>> = {
  code: { en: 'Codes answered', fr: 'Codes donnés' },
  language: { en: 'Language of the texts', fr: 'Langue des textes' },
  hasText: { en: 'Products with text', fr: 'Produits avec texte' },
  hasPicture: { en: 'Products with a picture', fr: 'Produits avec image' },
  confidence: { en: 'Confidence', fr: 'Confiance' },
  margin: { en: 'Lead over the second code', fr: 'Avance sur le deuxième code' },
  characters: { en: 'Length of the texts in characters', fr: 'Longueur des textes en caractères' },
  words: { en: 'Length of the texts in words', fr: 'Longueur des textes en mots' },
  unknownWords: { en: 'Words that the training did not know', fr: 'Mots inconnus de l’apprentissage' },
  ratio: { en: 'Width by height of the pictures', fr: 'Rapport largeur / hauteur des images' },
  pixels: { en: 'Megapixels of the pictures', fr: 'Mégapixels des images' },
  brightness: { en: 'Brightness of the pictures', fr: 'Luminosité des images' },
  contrast: { en: 'Contrast of the pictures', fr: 'Contraste des images' },
  saturation: { en: 'Saturation of the pictures', fr: 'Saturation des images' },
  white: { en: 'Near-white part of the pictures', fr: 'Part presque blanche des images' },
  textMeaning: { en: 'What the texts are about', fr: 'Ce dont parlent les textes' },
  pictureMeaning: { en: 'What the pictures show', fr: 'Ce que montrent les images' },
};
