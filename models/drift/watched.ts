import { TYPE_CODES, type TypeCode } from '../../data/type-codes.ts';
import type { DriftFeatures } from './features.ts';
import { LANGUAGES } from './language.ts';

export type CategoryName = 'code' | 'language' | 'hasText' | 'hasPicture';
export type NumberName =
  | 'confidence'
  | 'margin'
  | 'characters'
  | 'words'
  | 'unknownWords'
  | 'ratio'
  | 'pixels'
  | 'brightness'
  | 'contrast'
  | 'saturation'
  | 'white';
export type PlaceName = 'textMeaning' | 'pictureMeaning';
export type FeatureName = CategoryName | NumberName | PlaceName;

interface Category {
  readonly cells: number;
  of(features: DriftFeatures): number | null;
}

/** Each falls in one of a few cells. */
export const CATEGORIES: Readonly<Record<CategoryName, Category>> = {
  code: { cells: TYPE_CODES.length, of: ({ code }) => TYPE_CODES.indexOf(code) },
  language: { cells: LANGUAGES.length, of: ({ text }) => text?.[3] ?? null },
  hasText: { cells: 2, of: ({ text }) => (text ? 1 : 0) },
  hasPicture: { cells: 2, of: ({ picture }) => (picture ? 1 : 0) },
};

/** Shares are 0..1; `ratio` is the binary logarithm of width by height, `pixels` that of their product. */
export const NUMBERS: Readonly<Record<NumberName, (features: DriftFeatures) => number | null>> = {
  confidence: ({ answer }) => answer[0] / 1000,
  margin: ({ answer }) => answer[1] / 1000,
  characters: ({ text }) => text?.[0] ?? null,
  words: ({ text }) => text?.[1] ?? null,
  unknownWords: ({ text }) => text && text[2] / 1000,
  ratio: ({ picture }) => picture && Math.log2(Math.max(1, picture[0]) / Math.max(1, picture[1])),
  pixels: ({ picture }) => picture && Math.log2(Math.max(1, picture[0] * picture[1])),
  brightness: ({ picture }) => picture?.[2] ?? null,
  contrast: ({ picture }) => picture?.[3] ?? null,
  saturation: ({ picture }) => picture && picture[4] / 1000,
  white: ({ picture }) => picture && picture[5] / 1000,
};

export const PLACES: Readonly<Record<PlaceName, (features: DriftFeatures) => readonly number[] | null>> = {
  textMeaning: ({ read }) => read,
  pictureMeaning: ({ seen }) => seen,
};

export const codeOf = (cell: number): TypeCode => TYPE_CODES[cell] as TypeCode;

export const CATEGORY_NAMES = Object.keys(CATEGORIES) as CategoryName[];
export const NUMBER_NAMES = Object.keys(NUMBERS) as NumberName[];
export const PLACE_NAMES = Object.keys(PLACES) as PlaceName[];
export const FEATURE_NAMES: readonly FeatureName[] = [...CATEGORY_NAMES, ...NUMBER_NAMES, ...PLACE_NAMES];
