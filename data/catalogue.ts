import type { TypeCode } from './type-codes.ts';

/** Text of a product as the catalogue holds it: raw, HTML and entities included. */
export interface ProductText {
  readonly designation: string;
  /** Empty when the catalogue has none. */
  readonly description: string;
}

/** One row of a catalogue. `row` is the CSV's index column, the only key that joins X with Y. */
export interface Product extends ProductText {
  readonly row: string;
  readonly productId: string;
  readonly imageId: string;
}

/** A picture file: its path relative to the catalogue's folder and the SHA-256 (hex) of its bytes. */
export interface PictureRef {
  readonly file: string;
  readonly sha256: string;
}

/** A product ready for training or prediction: a line of train/validation/test/unlabelled.ndjson. */
export interface DatasetRow extends Product {
  /** null in catalogues without labels. */
  readonly code: TypeCode | null;
  /** null when the product has no readable picture: it takes part in text only. */
  readonly picture: PictureRef | null;
  /** How many times it counts in training. Absent: once. */
  readonly weight?: number;
}

/** File names inside a catalogue folder; the defaults are the challenge's. */
export interface CatalogueFiles {
  readonly xTrain: string;
  readonly yTrain: string;
  readonly xTest: string;
  readonly images: string;
  readonly imagesArchive: string;
}

export const CHALLENGE_FILES: CatalogueFiles = {
  xTrain: 'X_train_update.csv',
  yTrain: 'Y_train_CVw08PX.csv',
  xTest: 'X_test_update.csv',
  images: 'images',
  imagesArchive: 'images.zip',
};

/** A catalogue on local disk. `contentHash` covers every CSV byte and every picture byte. */
export interface CatalogueRef {
  readonly directory: string;
  readonly files: CatalogueFiles;
  readonly contentHash: string;
  /** A JSON file outside the catalogue: { "<relative file>": { bytes, sha256 } } for every CSV and picture. */
  readonly manifest: string;
  readonly bytes: number;
  readonly pictures: number;
  /** The zip file that the pictures came in; absent when they came as a folder. */
  readonly archive?: string;
}

/** `image_train/image_<imageid>_product_<productid>.jpg`, relative to the pictures' folder. */
export function pictureFile(part: 'train' | 'test', imageId: string, productId: string): string {
  return `image_${part}/image_${imageId}_product_${productId}.jpg`;
}

export const PARTS = ['train', 'validation', 'test'] as const;
export type Part = (typeof PARTS)[number];

/** The corrections that a dataset holds beside its catalogue's rows. */
export interface DatasetCorrections {
  /** Of the increment: the same corrections have the same version everywhere. */
  readonly version: string;
  readonly rows: number;
  /** How many times each counts in training. */
  readonly weight: number;
}

/** A split catalogue: `<directory>/{train,validation,test}.ndjson` hold `DatasetRow`s. */
export interface DatasetRef {
  readonly version: string;
  readonly directory: string;
  /** What the rows' pictures are relative to. */
  readonly catalogueDirectory: string;
  /** Absent when there are none. */
  readonly corrections?: DatasetCorrections;
  readonly counts: Readonly<Record<Part, { rows: number; pictures: number }>>;
}
